/*
 * Imported for its effect: programs that this process starts from now on run without coverage, which costs them up to half their speed.
 * Their code is covered by the tests of its own workspace. The name is that of tap's switch.
 */
process.env['_TAPJS_PROCESSINFO_COVERAGE_'] = '0'
