/**
 * Order of the CLDR root collation (version 47, as in ICU 78 and `Intl.Collator`) for the
 * characters of European names: lower case, without accents. Characters of one group differ only in
 * form, and are ordered within the group. Groups are separated by spaces.
 */
const groups = [
  // Punctuation
  '_ - ‐ ‒ – — ― ⁓ , ՝ ; ⁏ : ! ¡ ՜ ? ¿ ՞ ‽ . · ჻ ⁕ ⁖ ⁘ ⁙ ⁚ ⁛ ⁜ ⁝ ⁞ \'‘’‚‛ ‹ › "“”„‟ « »',
  '( ) [ ] { } ⁅ ⁆ ‖ § ¶ ⁋ @ * ⁎ ⁑ / \\ & ⁊ # % ‰ ‱ † ‡ • ‣ ‧ ⁃ ⁌ ⁍ ′ ‵ ‸ ※ ‿ ⁔ ⁀ ⁐ ⁁ ⁂',
  '՚ ՛ ՟',
  // Symbols
  '` ^ ͵ ° ҂ © ® ← → ϶ + ± ÷ × < = > ¬ | ¦ ~ ⁒ ⁄',
  // Currencies
  '¤ ¢ $ £ ¥ ₠ ₡ ₢ ₣ ₤ ₥ ₦ ₩ ₪ ₫ € ₭ ₮ ₯ ₰ ₱ ₲ ₳ ₴ ₵ ₶ ₷ ₸ ₹ ₺ ₻ ₼ ₽ ₾ ₿',
  // Digits
  '0 1 2 3 4 5 6 7 8 9',
  // Latin
  'a b c dđð e f g h i ı j k l m n ŋ o p q ĸ r s t ŧ u v w x y z þ',
  // Greek and Coptic
  'α β γ δ ε ϝ ͷ ϛ ζ ͱ η θ ι ϳ κ ϗ λ μ ν ξ ο π ϻ ϟ ϙ ρ ϼ σς ͼ ͻ ͽ τ υ φ χ ψ ω ϡ ͳ ϸ ϣ ϥ',
  'ϧ ϩ ϫ ϭ ϯ',
  // Cyrillic
  'а ә ӕ б в гґ ғ ӻ ҕ ӷ д ԁ ђ ԃ ҙ е є ж ԫ җ з ԅ ԑ ѕ ӡ ԇ и ҋ і й ј к қ ӄ ҡ ҟ ҝ ԟ ԛ л ӆ ԯ',
  'ԓ ԡ љ ԉ ԕ м ӎ н ԩ ӊ ң ӈ ԣ ҥ њ ԋ о ө п ԥ ҧ ҁ р ҏ ԗ с ԍ ҫ т ԏ ҭ ћ у ү ұ ѹ ф х ӽ ӿ ҳ һ',
  'ԧ ѡ ѿ ѽ ѻ ц ҵ ч ԭ ҷ ӌ ҹ ҽ ҿ џ ш щ ъ ы ь ҍ ѣ э ю я ԙ ѥ ѧ ѫ ѩ ѭ ѯ ѱ ѳ ѵ ҩ ԝ ӏ',
  // Georgian
  'ა ბ გ დ ე ვ ზ ჱ თ ი კ ლ მ ნ ჲ ო პ ჟ რ ს ტ ჳ უ ფ ქ ღ ყ შ ჩ ც ძ წ ჭ ხ ჴ ჯ ჰ ჵ ჶ ჷ ჸ ჹ',
  'ჺ ჽ ჾ ჿ',
  // Armenian
  'ա ՠ բ գ դ ե զ է ը թ ժ ի լ խ ծ կ հ ձ ղ ճ մ յ ն շ ո չ պ ջ ռ ս վ տ ր ց ւ փ ք օ ֆ ՙ',
  // Hebrew
  'א ב ג ד ה ו ז ח ט י כך ל מם נן ס ע פף צץ ק ר ש ת'
].join(' ').split(' ')

/** Position and form of each character in the table; white space comes first. */
export const collationOrder: ReadonlyMap<
  string,
  { readonly place: number; readonly form: number }
> = new Map(
  ['\t', '\n', '\v', '\f', '\r', ' ', ...groups].flatMap((group, place) =>
    Array.from(group, (character, form) => [character, { place, form }] as const)
  )
)
