import { hashOf } from '../model/hash.js'
import { mainTags } from '../model/touches.js'
import { CopyButton } from './copy-button.js'

/** Tags of an invalidation. Each links to its events and can be copied. */
export function Tags ({ tags, most = 20 }: { tags: readonly string[], most?: number }) {
  const main = mainTags(tags)
  const [shown, left] = [main.slice(0, most), main.length - most]
  return (
    <span class='tag-list'>
      {shown.map((tag) => (
        <a key={tag} class='tag' href={hashOf(['events'], { tag })} title='Events with this tag'>
          {tag}
        </a>
      ))}
      {left > 0 && <span class='muted small'>and {left} more</span>}
      {main.length > 0 && (
        <CopyButton text={main.join('\n')} what={main.length === 1 ? 'tag' : 'tags'} />
      )}
    </span>
  )
}
