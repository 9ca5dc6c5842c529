/** What this package is to `host.compose`; the host reads the rest from package.json. */
export default {
  kind: 'functor',
  name: 'words-german',
  category: 'fuzzy-digits',
  package: new URL('.', import.meta.url).href,
};
