/** What this package is to `host.compose`; the host reads the rest from package.json. */
export default {
  kind: 'morphism',
  name: 'carry',
  inputs: ['fuzzy-digits', 'fuzzy-digits'],
  output: 'fuzzy-digits',
  package: new URL('.', import.meta.url).href,
};
