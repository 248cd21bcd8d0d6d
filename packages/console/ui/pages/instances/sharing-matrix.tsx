import { type InstanceFigures } from '../../model/api.js'
import { count } from '../../model/format.js'
import { fillMatrix } from '../../model/matrix.js'
import { Scroll } from '../../parts/data-table.js'

/** Which instance computed what which other one answered with. */
export function SharingMatrix ({ instances }: { instances: readonly InstanceFigures[] }) {
  const { fillers, rows } = fillMatrix(instances)
  return (
    <section class='panel flush' aria-labelledby='sharing'>
      <div class='panel-head'>
        <h2 id='sharing'>Who filled, and who served</h2>
      </div>
      {rows.length === 0
        ? (
          <p class='empty'>No hits yet, so nobody has answered with what somebody had computed.</p>
          )
        : (
          <>
            <p class='muted small'>
              Hits of the instance in the row, answered with what the instance in the column had
              computed. Framed: its own work.
            </p>
            <Scroll label='Hits by who served and who filled' class='matrix'>
              <table>
                <caption class='unseen'>Hits by who served and who filled</caption>
                <thead>
                  <tr>
                    <th scope='col'>Served by</th>
                    {fillers.map((filler) => (
                      <th key={filler} scope='col' class='number'>
                        filled by {filler}
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
          </>
          )}
    </section>
  )
}

/** 0 for nothing, 1 to 4 for how much of what is most in its row. */
const level = (amount: number, most: number): number =>
  amount === 0 ? 0 : Math.ceil((amount / most) * 4)
