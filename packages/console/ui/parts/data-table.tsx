import { type ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { type CsvValue } from '../model/csv.js'
import { nextOrder, type Order, type Sortable, sorted } from '../model/sort.js'
import { type TermId } from '../model/terms.js'
import { CsvButton } from './csv-button.js'
import { Term } from './term.js'

/** A column of a table. The first one names the row. */
export interface Column<Row> {
  readonly id: string
  readonly label: string
  /** The term that defines the column. */
  readonly term?: TermId
  /** The value that the column is sorted by and exported as. */
  readonly value: (row: Row) => Sortable
  /** The exported value, if it differs from `value`. */
  readonly csv?: (row: Row) => CsvValue
  readonly cell: (row: Row) => ComponentChildren
  readonly isText?: boolean
}

/** A column of numbers in one format, whose id is the term that defines it. */
export const figureColumn = <Row, Value extends number | null>(
  id: TermId,
  label: string,
  value: (row: Row) => Value,
  format: (value: Value) => string
): Column<Row> => ({ id, label, term: id, value, cell: (row) => format(value(row)) })

interface DataTableProps<Row> {
  readonly label: string
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
  readonly columns: readonly Column<Row>[]
  readonly initial: Order
}

/**
 * A table that sorts by any column. On phones each row is a block of labelled values; a table that
 * is still too wide scrolls horizontally.
 */
export function DataTable<Row> ({ label, rows, rowKey, columns, initial }: DataTableProps<Row>) {
  const [order, setOrder] = useState(initial)
  const by = columns.find(({ id }) => id === order.column)
  const shown = by === undefined ? rows : sorted(rows, by.value, order.direction)
  return (
    <>
      <Scroll label={label}>
        <table class='stacked'>
          <caption class='unseen'>{label}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.id}
                  scope='col'
                  class={column.isText === true ? '' : 'number'}
                  aria-sort={order.column === column.id ? order.direction : undefined}
                >
                  <Sorter
                    column={column}
                    onPress={() =>
                      setOrder(
                        nextOrder(
                          order,
                          column.id,
                          column.isText === true ? 'ascending' : 'descending'
                        )
                      )}
                  />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={rowKey(row)}>
                {columns.map(({ id, label, cell, isText }, index) =>
                  index === 0
                    ? (
                      <th key={id} scope='row'>
                        {cell(row)}
                      </th>
                      )
                    : (
                      <td key={id} class={isText === true ? '' : 'number'} data-label={label}>
                        {cell(row)}
                      </td>
                      )
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <TableFoot>
        <CsvButton
          title={label}
          table={() => ({
            header: columns.map((column) => column.label),
            rows: shown.map((row) => columns.map(({ value, csv = value }) => csv(row)))
          })}
        />
      </TableFoot>
    </>
  )
}

/** A column header that sorts the table and shows the definition of its term. */
function Sorter<Row> ({ column: { label, term }, onPress }: {
  column: Column<Row>
  onPress: () => void
}) {
  return term === undefined
    ? (
      <button class='sorter' type='button' onClick={onPress}>
        {label}
      </button>
      )
    : (
      <Term id={term} class='sorter' onPress={onPress}>
        {label}
      </Term>
      )
}

/** A line below a table for actions on the whole table. */
export const TableFoot = ({ children }: { children: ComponentChildren }) => (
  <div class='table-foot'>{children}</div>
)

/** A container that scrolls wide content horizontally, also by keyboard. */
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
