/** Picture of each department, in `assets/icons.svg`, with its categories. */
const DEPARTMENTS: Readonly<Record<string, string>> = {
  kitchen: 'cookware bakeware knives coffee-and-tea tableware food-storage',
  home: 'sofas-and-armchairs tables chairs lighting bedding rugs decoration bathroom',
  outdoor: 'tents sleeping-bags backpacks jackets boots camp-kitchen',
  sport: 'cycling running yoga swimming fitness',
  electronics: 'headphones speakers chargers-and-cables keyboards-and-mice smart-home photography',
  reading: 'notebooks pens books',
  family: 'toys board-games baby',
  garden: 'garden-tools pots-and-planters garden-furniture'
}

const icons = new Map(
  Object.entries(DEPARTMENTS).flatMap(([icon, slugs]) =>
    slugs.split(' ').map((slug) => [slug, icon] as const)
  )
)

/** Returns the picture for a category: that of its department, or a parcel. */
export const iconOf = (slug: string): string => icons.get(slug) ?? 'parcel'
