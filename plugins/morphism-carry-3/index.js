/** What this package is to `host.compose`; the host reads the rest from package.json. */
export default {
  kind: 'morphism',
  name: 'carry-3',
  inputs: ['fuzzy-digits', 'fuzzy-digits', 'fuzzy-digits'],
  output: 'fuzzy-digits',
  package: new URL('.', import.meta.url).href,
};
