export { DisposableFile, type DisposableFileOptions } from './disposable-file.js'
export { SqliteFileError, type SqliteFileErrorCode } from './errors.js'
