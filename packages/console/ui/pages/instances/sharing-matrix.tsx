import { type InstanceFigures } from '../../model/api.js'
import { count } from '../../model/format.js'
import { fillMatrix } from '../../model/matrix.js'
import { CsvButton } from '../../parts/csv-button.js'
import { Scroll, TableFoot } from '../../parts/data-table.js'

/** Hits by the instance that computed the response and the one that served it. */
export function SharingMatrix ({ instances }: { instances: readonly InstanceFigures[] }) {
  const { fillers, rows } = fillMatrix(instances)
  return (
    <section class='panel flush' aria-labelledby='sharing'>
      <div class='panel-head'>
        <h2 id='sharing'>Fills and hits by instance</h2>
      </div>
      {rows.length === 0
        ? (
          <p class='empty'>No hits yet.</p>
          )
        : (
          <>
            <p class='muted small'>
              Each row shows which instances computed the responses that an instance served from
              the cache. Framed: responses that it computed itself.
            </p>
            <Scroll label='Hits by serving and by filling instance' class='matrix'>
              <table>
                <caption class='unseen'>Hits by serving and by filling instance</caption>
                <thead>
                  <tr>
                    <th scope='col'>Served by</th>
                    {fillers.map((filler) => (
                      <th key={filler} scope='col' class='number'>
                        computed by {filler}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {rows.map(({ server, hits }) => (
                    <tr key={server}>
                      <th scope='row'>{server}</th>
                      {fillers.map((filler, column) => {
                        const amount = hits[column] ?? 0
                        const most = Math.max(...hits)
                        return (
                          <td
                            key={filler}
                            data-level={level(amount, most)}
                            data-own={filler === server}
                          >
                            {count(amount)}
                          </td>
                        )
                      })}
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
            <TableFoot>
              <CsvButton
                title='Hits by instance'
                table={() => ({
                  header: ['served by', ...fillers.map((filler) => `computed by ${filler}`)],
                  rows: rows.map(({ server, hits }) => [
                    server,
                    ...fillers.map((_, i) => hits[i] ?? 0)
                  ])
                })}
              />
            </TableFoot>
          </>
          )}
    </section>
  )
}

/** Returns the shade of a cell: 0 for none, 1 to 4 relative to the largest value in its row. */
const level = (amount: number, most: number): number =>
  amount === 0 ? 0 : Math.ceil((amount / most) * 4)
