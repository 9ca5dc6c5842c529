// The main job: run every chain functor -> morphism -> functor of the founding plugins on the examples, and draw a sheet.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contactSheet } from '../apps/cli/dist/index.js';
import { itemOf } from '../apps/cli/dist/run.js';
import { writeWhole } from '../packages/core/dist/index.js';
import { openHost } from '../packages/host/dist/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const examples = JSON.parse(readFileSync(join(root, 'examples/examples.json'), 'utf8'));
const host = await openHost({ cwd: root });

console.log(`Discovered (engine: ${await host.engine()}):`);
for (const { kind, name, version, package: from } of host.plugins)
  console.log(`  ${kind.padEnd(8)}  ${name.padEnd(12)} ${from}@${version}`);
for (const { name, error } of host.setAside) console.log(`  set aside ${name}\n${error.message}`);

const founding = host.plugins.filter(({ manifest }) => manifest.card.mode === 'founding');
const functors = founding.filter(({ kind }) => kind === 'functor');
const morphisms = founding.filter(({ kind }) => kind === 'morphism');
const items = [];
let [right, total, chains] = [0, 0, 0];
console.log('\nRight answers, of all examples of the format (pictures are judged by the probe):');
const label = 'in -> morphism'.padEnd(24);
console.log(`  ${label}${functors.map(({ name }) => `-> ${name}`.padStart(14)).join('')}`);
for (const start of functors.filter(({ name }) => examples[name]))
  for (const morphism of morphisms) {
    const questions = Object.entries(examples[start.name]).flatMap(([name, inputs]) =>
      inputs.map((input) => ({
        input,
        label: start.category.labels.findIndex((each) => each.name === name),
      })),
    );
    const forms = questions.map(({ input }) =>
      start.manifest.codec.kind === 'image' ? [readFileSync(join(root, 'examples', input))] : [input],
    );
    const cells = [];
    for (const end of functors) {
      const chain = host.compose(`${start.name} -> ${morphism.name} -> ${end.name}`);
      const answers = await chain.runBatch(forms);
      const good = answers.filter((answer, i) => {
        const expected = morphism.manifest.table[questions[i].label];
        const { codec } = end.manifest;
        return codec.kind === 'image'
          ? answer.label === end.category.labels[expected].name
          : answer.value === codec.values[end.domain.indexOf(expected)];
      }).length;
      cells.push(`${good} / ${answers.length}`);
      right += good;
      total += answers.length;
      const shown = (7 * chains++) % questions.length;
      items.push(itemOf(chain, [questions[shown].input], forms[shown], answers[shown]));
    }
    console.log(
      `  ${`${start.name} -> ${morphism.name}`.padEnd(24)}${cells.map((cell) => cell.padStart(14)).join('')}`,
    );
  }
await host.close();
const path = join(root, 'out/demo/contact-sheet.png');
writeWhole(path, contactSheet(items));
console.log(
  `\n${chains} chains, ${right} of ${total} answers right. Contact sheet: out/demo/contact-sheet.png`,
);
