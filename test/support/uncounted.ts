/*
 * Imported for its effect: programs that this process starts from now on run without coverage,
 * which slows them down. Only for programs that are killed, and so leave no coverage, or whose code
 * is not counted. The name is that of tap's switch.
 */
process.env['_TAPJS_PROCESSINFO_COVERAGE_'] = '0'
