/** The page of all benchmarks, in Markdown. */
export function page(benchmarks, smoke) {
  const figures = benchmarks.flatMap((each) => each.figures);
  const asked = figures.filter(({ limit }) => limit);
  const missed = [
    ...benchmarks.flatMap(({ title, figures: of }) =>
      of
        .filter(({ reached }) => reached === false)
        .map(
          ({ what, ratio, limit }) =>
            `- ${title}: ${what} is ${number(ratio)}, asked is ${limitText(limit)}.`,
        ),
    ),
    ...benchmarks
      .filter(({ error }) => error)
      .map(({ title, error }) => `- ${title}: failed (${error.split('\n')[0]}).`),
  ];
  const machines = [...new Set(benchmarks.map(({ machine, date }) => `${machine}, ${date}`))];
  return `# Benchmarks

Made by \`pnpm bench\`; do not edit. ${smoke ? '**A smoke run: everything ran, but these numbers mean nothing.** ' : ''}Each figure is a ratio of two sides that took turns in one run: the median over its rounds, with the quartiles. Raw figures: [benchmarks.json](benchmarks.json).

Measured on ${machines.join('; ')}.${benchmarks.some(({ busy }) => busy) ? ' Other work ran there at the same time: these figures are provisional.' : ''}

${asked.filter(({ reached }) => reached).length} of ${asked.length} figures are reached.${missed.length > 0 ? ` Not reached:\n\n${missed.join('\n')}` : ''}

![Every figure against what is asked of it](benchmarks.svg)

${benchmarks.map(section).join('\n')}`;
}

function section({ title, how, figures, error }) {
  const rows = figures.map(({ what, ratio, quartiles, limit, reached, raw }) => [
    what,
    `${number(ratio)}${quartiles ? ` (${quartiles.map(number).join(' – ')})` : ''}`,
    limit ? `${limitText(limit)} ${reached ? '✓' : '✗'}` : '',
    rawText(raw),
  ]);
  const table = [['figure', 'ratio', 'asked', 'medians'], ['---', '---', '---', '---'], ...rows];
  const body = error
    ? `Failed:\n\n\`\`\`\n${error}\n\`\`\`\n`
    : `${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
  return `## ${title}\n\n${how}\n\n${body}`;
}

function rawText({ unit, ...sides }) {
  return Object.entries(sides)
    .map(([name, value]) => `${name} ${number(value)} ${unit}`)
    .join(', ');
}

export function limitText({ most, least }) {
  return most === undefined ? `≥ ${least}` : `≤ ${most}`;
}

/** Three digits, or whole where it is large. */
function number(value) {
  return Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)));
}
