export { askWhy } from './ask.js'
export { type ClockOrder, type Clocks, type Explained, type ServedCause } from './cause.js'
export type {
  FilledEvent, GapEvent, InvalidatedEvent, JournalEvent, Recorded, RequestFacts, ServedEvent,
  ServedOutcome, VersionFacts, WrittenEvent
} from './event.js'
export { gapsBetween, type JournalGap } from './gaps.js'
export type { Ending, KnownVersion } from './history.js'
export type { Served } from './hits.js'
export { memoryJournal } from './memory.js'
export { askedUrl, pathOf, urlOf, withoutMark } from './names.js'
export { bounded, redactor } from './redact.js'
export {
  clientsOf, type Found, type JournalFilter, matcher, searchJournal, type SearchLimits
} from './search.js'
export type {
  JournalBatch, JournalCoverage, JournalLimits, JournalPage, JournalRun, JournalStore, ReadBatch
} from './store.js'
export { say, type Text, written } from './text.js'
export { describe } from './timeline.js'
export { type Cause, type Step, type Why, why, type WhyQuestion } from './why.js'
export { JournalWriter, type JournalWriterOptions, type ServedFacts } from './writer.js'
