// Writes docs/report/founding.md: both ways of the founding training, from what their runs and evaluations left in docs/report.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../docs/report/', import.meta.url));
const json = (path) => JSON.parse(readFileSync(`${folder}${path}`, 'utf8'));
const ways = [
  { name: 'all outputs of a step at once', at: '' },
  { name: 'one path a step', at: 'path/' },
]
  .filter(({ at }) => existsSync(`${folder}${at}founding.json`))
  .map((way) => ({ ...way, founding: json(`${way.at}founding.json`), report: json(`${way.at}report.json`) }));

const minutes = (seconds) => (seconds === undefined ? '–' : `${(seconds / 60).toFixed(1)} min`);
const table = (head, lines) =>
  [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
// Stages that ran side by side count once.
const total = ({ founding }) =>
  founding.minutes === undefined
    ? Object.values(founding.seconds).reduce((a, b) => a + b, 0)
    : 60 * founding.minutes;
const stages = [...new Set(ways.flatMap(({ founding }) => Object.keys(founding.seconds)))];

writeFileSync(
  `${folder}founding.md`,
  `# How the founding went

Made by \`node scripts/founding-page.js\` from what \`pnpm train:founding\` and \`deepfunctor evaluate\` left here; do not edit. ${ways.length > 1 ? 'The committed weights are those of the first way; the second was founded and measured in the same manner, and is kept as figures only.' : 'The other way of training, one path of functor, morphism and functor a step (`--mode path`), has no founding of this recipe yet.'}

${table(
  ['', ...ways.map(({ name }) => name)],
  [
    ['steps of the joint training', ...ways.map(({ founding }) => founding.recipe.joint.steps)],
    ...[
      ['steps of the dots encoder', ({ encoders }) => encoders.dots],
      ['steps of the handwriting encoder', ({ encoders }) => encoders.digits],
      ['steps of the dots decoder', ({ dots }) => dots],
      ['steps of the handwriting decoder', ({ digits }) => digits],
    ].map(([what, steps]) => [what, ...ways.map(({ founding }) => steps(founding.recipe.refine))]),
    ['seed', ...ways.map(({ founding }) => founding.recipe.joint.seed)],
    ['engine', ...ways.map(({ founding }) => founding.engine)],
    ['machine', ...ways.map(({ founding }) => founding.machine)],
    ...stages.map((stage) => [stage, ...ways.map(({ founding }) => minutes(founding.seconds[stage]))]),
    ['in all, by the clock', ...ways.map((way) => `**${minutes(total(way))}**`)],
    [
      'handwriting read right, rows kept for validation',
      ...ways.map(({ founding }) => `${(100 * founding.validation).toFixed(2)} %`),
    ],
  ],
)}

## Learning curves

${ways.map(({ name, at }) => `${name[0].toUpperCase()}${name.slice(1)}:\n\n![loss and accuracy](${at}curve.svg)`).join('\n\n')}

## What each came to

${table(
  ['what', 'figure', ...ways.map(({ name }) => name)],
  ways[0].report.rows.map((row) => [
    row.what,
    row.figure,
    ...ways.map(({ report }) => {
      const found = report.rows.find(({ figure, what }) => figure === row.figure && what === row.what);
      return found?.measured == null
        ? 'not measured'
        : `${found.measured}${found.reached ? '' : ' (**no**)'}`;
    }),
  ]),
)}
`,
);
