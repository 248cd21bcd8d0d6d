// Loaded into every process of a test run first (`node-arg` in .taprc). Keeps tap's module loader
// out: its thread records the files that a process loads, for `tap --changed`, and costs half a
// second to two seconds of CPU per process. Coverage does not need it. Not TypeScript: processes
// load it without a build.
'use strict'
const module_ = require('node:module')

const { register } = module_
module_.register = (specifier, ...rest) => {
  if (!String(specifier).includes('/@tapjs/processinfo/')) register(specifier, ...rest)
}

// Programs started by tests inherit it.
const option = `--require=${JSON.stringify(__filename)}`
const options = process.env.NODE_OPTIONS ?? ''
if (!options.includes(option)) process.env.NODE_OPTIONS = `${options} ${option}`.trim()
