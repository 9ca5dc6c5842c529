/** The landing page: the README's idea, its picture and its first run, and the gallery. */
import { exists, read } from './repository.js';

export function landingPage(): string {
  const readme = read('README.md');
  const [name, lead, picture, idea] = readme.split('\n\n') as [string, string, string, string];
  const [, alt, src] = /^!\[([^\]]*)\]\(([^)]+)\)$/.exec(picture) ?? [];
  const firstRun = /^## The first run\n[\s\S]*?(?=^## )/m.exec(readme)?.[0];
  if (src === undefined || firstRun === undefined)
    throw new Error('README.md no longer has a title, a sentence, a picture, the idea, and “The first run”.');
  const start = exists('docs/quick-start.md') ? '/docs/quick-start.md' : '/docs/using.md';
  return `---
layout: home
title: ${name.replace(/^# /, '')}
titleTemplate: Composable neural networks
hero:
  name: ${name.replace(/^# /, '')}
  tagline: ${JSON.stringify(lead)}
  actions:
    - theme: brand
      text: Get started
      link: ${start}
    - theme: alt
      text: Plugins
      link: /plugins/
    - theme: alt
      text: The contract
      link: /docs/contract.md
---

<div class="landing vp-doc">

<figure class="idea">

![${alt}](./${src})

</figure>

${idea}

${firstRun}

## What fits

<Gallery compact />

</div>
`;
}
