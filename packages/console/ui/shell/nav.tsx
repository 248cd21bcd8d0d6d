import { hashOf } from '../model/hash.js'

/** The pages: their addresses and their titles. */
export const GROUPS = [
  {
    label: 'Watch',
    pages: [
      ['', 'Overview'],
      ['welcome', 'Welcome'],
      ['routes', 'Routes'],
      ['instances', 'Instances'],
      ['limits', 'Limits']
    ]
  },
  {
    label: 'Use',
    pages: [
      ['try', 'Try it'],
      ['compare', 'Compare'],
      ['shop', 'Shop'],
      ['weather', 'Weather'],
      ['invalidate', 'Invalidate']
    ]
  }
] as const

export const Nav = ({
  current,
  isOpen,
  onChoose
}: {
  current: string
  isOpen: boolean
  onChoose: () => void
}) => (
  <nav id='pages' class='nav' aria-label='Pages' data-open={isOpen}>
    {GROUPS.map(({ label, pages }) => (
      <div key={label}>
        <h2 id={`pages-${label}`}>{label}</h2>
        <ul aria-labelledby={`pages-${label}`}>
          {pages.map(([path, title]) => (
            <li key={path}>
              <a
                href={hashOf(path === '' ? [] : [path])}
                aria-current={current === path ? 'page' : undefined}
                onClick={onChoose}
              >
                {title}
              </a>
            </li>
          ))}
        </ul>
      </div>
    ))}
  </nav>
)
