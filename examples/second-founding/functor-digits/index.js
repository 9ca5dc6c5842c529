/** What this package is to `host.compose`; the host reads the rest from package.json. */
export default {
  kind: 'functor',
  name: 'digits',
  category: 'fuzzy-digits',
  package: new URL('.', import.meta.url).href,
};
