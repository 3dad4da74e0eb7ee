/** What keeps a source from showing anything, by the key of the words for it. */
export class SourceError extends Error {
  constructor(key) {
    super(key);
    this.key = key;
  }
}
