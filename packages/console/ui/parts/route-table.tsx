import { type ComponentChildren } from 'preact'
import { hashOf } from '../model/hash.js'
import { type Order } from '../model/sort.js'
import { type Column, DataTable } from './data-table.js'

/** The column of a service. */
export const serviceColumn: Column<{ readonly service: string }> = {
  id: 'service',
  label: 'Service',
  isText: true,
  value: ({ service }) => service,
  cell: ({ service }) => service
}

interface OfRoute {
  readonly route: string
  readonly service: string
}

/**
 * Returns the columns of a table of routes, each of which leads to a page of its own.
 * @param page first part of the addresses of these pages
 * @param query further parameters of the addresses, at the time of display
 */
export function routeColumns<Row extends OfRoute> (
  page: string,
  query: () => Readonly<Record<string, string>>,
  columns: readonly Column<Row>[]
): readonly Column<Row>[] {
  return [
    {
      id: 'route',
      label: 'Route',
      term: 'route',
      isText: true,
      value: ({ route }) => route,
      cell: ({ route, service }) => (
        <a href={hashOf([page, route], { service, ...query() })}>
          <code>{route}</code>
        </a>
      )
    },
    serviceColumn,
    ...columns
  ]
}

interface RouteTableProps<Row> {
  readonly label: string
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  /** The column that sorts the table at first, the highest value on top. */
  readonly by: Order['column']
  /** The text in place of a table without rows. */
  readonly children: ComponentChildren
}

/** A panel with a table of routes. */
export function RouteTable<Row extends OfRoute> ({
  label, rows, columns, by, children
}: RouteTableProps<Row>) {
  return rows.length === 0
    ? (
      <section class='panel'>
        <p class='empty'>{children}</p>
      </section>
      )
    : (
      <section class='panel flush'>
        <DataTable
          label={label}
          rows={rows}
          rowKey={({ service, route }) => `${service} ${route}`}
          columns={columns}
          initial={{ column: by, direction: 'descending' }}
        />
      </section>
      )
}
