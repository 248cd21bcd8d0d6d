import { type ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { nextOrder, type Order, type Sortable, sorted } from '../model/sort.js'

/** A column of a table. The first one names the row. */
export interface Column<Row> {
  readonly id: string
  readonly label: string
  /** What it is sorted by. */
  readonly value: (row: Row) => Sortable
  readonly cell: (row: Row) => ComponentChildren
  readonly isText?: boolean
}

interface DataTableProps<Row> {
  readonly label: string
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
  readonly columns: readonly Column<Row>[]
  readonly initial: Order
}

/** A table that sorts by any column, and scrolls inside itself where it is wider than its place. */
export function DataTable<Row> ({ label, rows, rowKey, columns, initial }: DataTableProps<Row>) {
  const [order, setOrder] = useState(initial)
  const by = columns.find(({ id }) => id === order.column)
  const shown = by === undefined ? rows : sorted(rows, by.value, order.direction)
  return (
    <Scroll label={label}>
      <table>
        <caption class='unseen'>{label}</caption>
        <thead>
          <tr>
            {columns.map(({ id, label, isText }) => (
              <th
                key={id}
                scope='col'
                class={isText === true ? '' : 'number'}
                aria-sort={order.column === id ? order.direction : undefined}
              >
                <button
                  class='sorter'
                  type='button'
                  onClick={() =>
                    setOrder(nextOrder(order, id, isText === true ? 'ascending' : 'descending'))}
                >
                  {label}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map(({ id, cell, isText }, index) =>
                index === 0
                  ? (
                    <th key={id} scope='row'>
                      {cell(row)}
                    </th>
                    )
                  : (
                    <td key={id} class={isText === true ? '' : 'number'}>
                      {cell(row)}
                    </td>
                    )
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}

/** What is wider than its place: it scrolls by itself, also by keyboard. */
export const Scroll = ({
  label,
  children,
  class: name = ''
}: {
  label: string
  children: ComponentChildren
  class?: string
}) => (
  <div class={`scroll ${name}`} role='region' aria-label={label} tabIndex={0}>
    {children}
  </div>
)
