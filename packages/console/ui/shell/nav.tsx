import { hashOf } from '../model/hash.js'
import { type Service, withDemo } from '../model/services.js'
import { DEMO_PAGES } from '../pages/demos.js'
import { useServices } from '../state/services.js'
import { Links } from './links.js'

/** The pages with their addresses and titles. */
export const GROUPS = [
  {
    label: 'Watch',
    pages: [
      ['', 'Overview'],
      ['welcome', 'Welcome'],
      ['routes', 'Routes'],
      ['instances', 'Instances'],
      ['keys', 'Keys'],
      ['journal', 'Journal'],
      ['limits', 'Limits'],
      ['edge', 'Edge'],
      ['events', 'Events'],
      ['advice', 'Advice']
    ]
  },
  {
    label: 'Use',
    pages: [
      ['try', 'Try it'],
      ['compare', 'Compare'],
      ['invalidate', 'Invalidate']
    ]
  }
] as const

/** Returns the group of demos that services take part in. */
function demoGroup (services: readonly Service[]) {
  const pages = Object.entries(DEMO_PAGES).flatMap(([path, { title, demo }]) =>
    withDemo(services, demo) === undefined ? [] : [[path, title] as const]
  )
  return pages.length === 0 ? [] : [{ label: 'Demo', pages }]
}

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
    {[...GROUPS, ...demoGroup(useServices())].map(({ label, pages }) => (
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
    <Links />
  </nav>
)
