// Writes the tables of fields in docs/contract.md: types and docstrings from the interfaces of packages/core, limits from
// the schemas that validate. `--check` only compares.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { categoryJsonSchema, manifestJsonSchema, writeWhole } from '../packages/core/dist/index.js';
import { table } from './markdown-table.js';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const page = at('docs/contract.md');
const entry = at('packages/core/src/index.ts');
const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(at('packages/core/tsconfig.json'), ts.sys.readFile).config,
  ts.sys,
  at('packages/core'),
);
const program = ts.createProgram([entry], options);
const checker = program.getTypeChecker();
const exported = new Map(
  checker
    .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)))
    .map((symbol) => [symbol.name, symbol]),
);
const typeOf = (name) => {
  const symbol = exported.get(name);
  return checker.getDeclaredTypeOfSymbol(
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  );
};

/** The tables for an interface, or for each of a union of them, and for those that their fields name. */
function tables(type, schema, seen = new Set()) {
  const variants = schema.anyOf ?? schema.oneOf;
  if (type.isUnion()) return type.types.flatMap((each) => tables(each, variantOf(each, variants), seen));
  const name = type.symbol.name;
  if (seen.has(name)) return [];
  seen.add(name);
  const fields = fieldsOf(type, schema);
  const rows = fields.map(({ path, type, schema, symbol, optional }) => [
    `\`${path}\``,
    text(type).replaceAll('|', '\\|'),
    [says(symbol), limits(schema), optional ? 'May be left out.' : ''].filter(Boolean).join(' '),
  ]);
  const own = `### ${name}\n\n${says(type.symbol)}\n\n${table([['field', 'type', 'says'], ...rows])}`;
  return [own, ...fields.flatMap(({ type, schema }) => tablesOfField(type, schema, seen))];
}

/** Fields with their paths; those of an object without a name of its own stand after it. */
function fieldsOf(type, schema, prefix = '') {
  return checker.getPropertiesOfType(type).flatMap((symbol) => {
    const path = `${prefix}${symbol.name}`;
    const own = checker.getNonNullableType(checker.getTypeOfSymbol(symbol));
    const inner = schema?.properties?.[symbol.name] ?? {};
    const field = {
      path,
      type: own,
      schema: inner,
      symbol,
      optional: Boolean(symbol.flags & ts.SymbolFlags.Optional),
    };
    return isAnonymous(own) ? [field, ...fieldsOf(own, inner, `${path}.`)] : [field];
  });
}

const isAnonymous = (type) => type.symbol?.name === '__type' && checker.getPropertiesOfType(type).length > 0;
const isInterface = (type) => type.isClassOrInterface() && !checker.isArrayType(type);
const elementOf = (type) => (checker.isArrayType(type) ? checker.getTypeArguments(type)[0] : undefined);

function tablesOfField(type, schema, seen) {
  const element = elementOf(type);
  if (element !== undefined) return tablesOfField(element, schema.items ?? {}, seen);
  if (type.isUnion() ? type.types.every(isInterface) : isInterface(type)) return tables(type, schema, seen);
  return [];
}

/** Of a discriminated union, the schema with the interface's `kind`. */
function variantOf(type, variants) {
  const kind = checker.getTypeOfSymbol(type.getProperty('kind')).value;
  const found = variants.find(({ properties }) => properties.kind.const === kind);
  if (found === undefined) throw new Error(`No schema has the kind “${kind}” of ${type.symbol.name}.`);
  return found;
}

function text(type) {
  const element = elementOf(type);
  if (element !== undefined) return `list of ${text(element)}`;
  if (isInterface(type)) return `[${type.symbol.name}](#${type.symbol.name.toLowerCase()})`;
  if (type.isUnion() && type.types.every(isInterface)) return type.types.map(text).join(' or ');
  if (isAnonymous(type)) return 'object';
  return type.isUnion()
    ? type.types.map((each) => `\`${checker.typeToString(each)}\``).join(' or ')
    : `\`${checker.typeToString(type)}\``;
}

const says = (symbol) =>
  ts
    .displayPartsToString(symbol.getDocumentationComment(checker))
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|');

/** What the schema allows beyond the type. */
function limits({
  minimum,
  exclusiveMinimum,
  maximum,
  minItems,
  maxItems,
  minLength,
  maxLength,
  pattern,
  items,
}) {
  const whole = (value) =>
    Math.abs(value ?? Infinity) < Number.MAX_SAFE_INTEGER ? value.toLocaleString('en') : undefined;
  const range = (least, most, of) => {
    const [from, to] = [whole(least), whole(most)];
    if (from === undefined && to === undefined) return [];
    if (from === undefined) return [`at most ${to}${of}`];
    return [to === undefined ? `at least ${from}${of}` : `${from} to ${to}${of}`];
  };
  const told = [
    ...(exclusiveMinimum === undefined ? [] : [`more than ${exclusiveMinimum}`]),
    ...range(minimum, maximum, ''),
    ...range(minItems, maxItems, ' entries'),
    ...range(minLength, maxLength, ' characters'),
    ...(pattern === undefined ? [] : [`matches \`${pattern.replaceAll('|', '\\|')}\``]),
  ];
  const inner = items !== undefined && items.properties === undefined ? limits(items) : '';
  const all = told.join(', ');
  return [
    all && `${all.charAt(0).toUpperCase()}${all.slice(1)}.`,
    inner && `Each: ${inner.charAt(0).toLowerCase()}${inner.slice(1)}`,
  ]
    .filter(Boolean)
    .join(' ');
}

const parts = {
  manifest: tables(typeOf('Manifest'), manifestJsonSchema()),
  category: tables(typeOf('CategoryRelease'), categoryJsonSchema(), new Set(['FileRef'])),
};
const written = readFileSync(page, 'utf8');
let current = written;
for (const [name, sections] of Object.entries(parts)) {
  const block = new RegExp(`(<!-- ${name}: [^>]*-->)[^]*?(<!-- /${name} -->)`);
  if (!block.test(current)) throw new Error(`docs/contract.md has no place for “${name}”.`);
  current = current.replace(block, (_, begin, end) => `${begin}\n\n${sections.join('\n\n')}\n\n${end}`);
}
if (process.argv.includes('--check')) {
  if (current !== written) {
    console.error('The tables of docs/contract.md are not current: run `node scripts/contract-doc.js`.');
    process.exitCode = 1;
  }
} else writeWhole(page, current);
