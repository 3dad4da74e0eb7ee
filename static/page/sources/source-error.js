/** Why a source cannot be used, by its message key. */
export class SourceError extends Error {
  constructor(key) {
    super(key);
    this.key = key;
  }
}
