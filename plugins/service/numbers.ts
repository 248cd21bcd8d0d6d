/**
 * Has validators of Ajv that coerce take a text for a number only if it is written as one, and
 * finite: an integer by its digits, any other number as in JSON. By itself Ajv takes what `+text`
 * takes: `0x1`, `1e309`, ` 1`. To be given to Ajv as its option `code`.
 *
 * @example new Ajv({ coerceTypes: true, code: numbersAsInJson })
 */
export const numbersAsInJson = {
  process: (code: string) =>
    coercing(code, `${digits}.test($1) && isFinite($1)`, `${jsonNumber}.test($1) && isFinite($1)`)
}

/**
 * As `numbersAsInJson`, where a number has one spelling: of a path, so that no two paths name one
 * thing.
 */
export const numbersSpelledOneWay = {
  process: (code: string) =>
    coercing(
      code,
      '$1 === String(+$1) && Number.isSafeInteger(+$1)',
      '$1 === String(+$1) && isFinite($1)'
    )
}

const digits = '/^(?:0|-?[1-9]\\d*)$/'
const jsonNumber = '/^-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?$/'

// The conditions in what Ajv generates for `coerceTypes` (lib/compile/validate/dataType.ts).
const integer = /(\bdata\d*) && \1 == \+\1 && !\(\1 % 1\)/g
const number = /(\bdata\d*) && \1 == \+\1/g

function coercing (code: string, isInteger: string, isNumber: string): string {
  const strict = code.replace(integer, isInteger).replace(number, isNumber)
  if (/== \+data/.test(strict)) {
    throw new Error(
      'This version of Ajv coerces numbers in another way: numbers.ts has to know it'
    )
  }
  return strict
}
