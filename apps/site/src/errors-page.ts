/** The reference of errors from the one table, a heading for each code, so that a search for a code leads to it. */
import { ERRORS } from '@deepfunctor/core';

/** `{name}` in a text is filled in when the error is raised. */
const text = (template: string): string => template.replace(/\{(\w+)\}/g, '_$1_');

export function errorsPage(): string {
  const sections = Object.entries(ERRORS).map(
    ([code, { meaning, what, todo }]) =>
      `## ${code} {#${code}}\n\n${meaning}\n\n> ${text(what)}\n\n**What to do.** ${text(todo)}\n`,
  );
  return `# Errors

Every error has a code, says what was wrong and where, and what to do:

\`\`\`text
<what> [CODE]
  where: <the file, argument or part>
  do: <what to do>
\`\`\`

Words in _italics_ are filled in. The commands print the same in fields with \`--json\`. All of it stands in [one table](../packages/core/src/errors.ts).

${sections.join('\n')}`;
}
