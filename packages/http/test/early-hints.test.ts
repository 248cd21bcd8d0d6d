import t from 'tap'
import { earlyHints, type HeaderValue } from '../src/index.js'

t.test(
  'earlyHints: what a client can act on before the response (RFC 8297 2, RFC 8288 3)',
  async (t) => {
    const style = '</a.css>; rel=preload; as=style'
    const table: [HeaderValue, string[]][] = [
      [undefined, []],
      ['', []],
      [style, [style]],
      ['</a>;rel=modulepreload', ['</a>;rel=modulepreload']],
      [
        '<https://cdn.test>; rel=preconnect; crossorigin',
        ['<https://cdn.test>; rel=preconnect; crossorigin']
      ],
      [`${style}, </b>; rel=next, </c.js>; rel="preload"`, [style, '</c.js>; rel="preload"']],
      [
        [style, '</b>; rel=preconnect'],
        [style, '</b>; rel=preconnect']
      ],
      // The field is a list: empty members are ignored (RFC 9110 5.6.1.2).
      [`, ,\t${style} ,, </b>; rel=preconnect,`, [style, '</b>; rel=preconnect']],
      // Relations are a list, in any case.
      ['</a>; rel="next PreLoad"', ['</a>; rel="next PreLoad"']],
      ['</a>; REL=PRELOAD', ['</a>; REL=PRELOAD']],
      ['</a>; rel="pre\\load"', ['</a>; rel="pre\\load"']],
      ['</a> ; rel = preload ; as = style', ['</a> ; rel = preload ; as = style']],
      ['</a>; rel=preloaded', []],
      ['</a>; rel=prefetch', []],
      ['</a>; rel', []],
      ['</a>; rel=', []],
      ['</a>; title="rel=preload"', []],
      ['</a>', []],
      // Only the first rel counts.
      ['</a>; rel=next; rel=preload', []],
      ['</a>; rel=preload; rel=next', ['</a>; rel=preload; rel=next']],
      ['</a>; rel=preload; anchor="/other"', []],
      // Commas, semicolons and quotes within a target or a quoted string.
      ['</a,b;rel=next>; rel=preload', ['</a,b;rel=next>; rel=preload']],
      [
        '</a>; title="x, </evil>; rel=next; \\"y"; rel=preload, </b>; rel=next',
        ['</a>; title="x, </evil>; rel=next; \\"y"; rel=preload']
      ],
      ['</a>; title="x, </evil>; rel=preload"; rel=next', []],
      // Parsing stops at the first member that is not a link.
      [`${style}, b; rel=preload, </c>; rel=preload`, [style]],
      [`${style}, </b; rel=preload`, [style]],
      [`${style}, </b>; title="x; rel=preload`, [style]],
      [`${style}, </b> rel=preload`, [style]],
      [`${style}, </b>; rel=preload"x"`, [style]],
      [`${style}, </b>;; rel=preload`, [style]],
      ['</a>; rel=preload</b>', []],
      ['</a b>; rel=preload', []],
      [7, []]
    ]
    for (const [field, expected] of table) {
      t.strictSame(earlyHints(field), expected, JSON.stringify(field))
    }
  }
)
