import { csvOf, type CsvValue, fileName } from '../model/csv.js'

/** Downloads a table as a CSV file, which is generated when the button is pressed. */
export function CsvButton ({ title, table }: {
  title: string
  table: () => {
    readonly header: readonly string[]
    readonly rows: readonly (readonly CsvValue[])[]
  }
}) {
  const download = () => {
    const { header, rows } = table()
    const url = URL.createObjectURL(new Blob([csvOf(header, rows)], { type: 'text/csv' }))
    const link = document.createElement('a')
    link.href = url
    link.download = fileName(title, Date.now())
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <button class='button quiet compact' type='button' onClick={download}>
      Export CSV<span class='unseen'> of {title}</span>
    </button>
  )
}
