import { type departments } from './departments.js'

/**
 * Category of the sample shop. `price` is its usual range in minor units, `sku` the prefix of its
 * article numbers.
 */
export interface SampleCategory {
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly department: keyof typeof departments
  readonly sku: string
  readonly price: readonly [low: number, high: number]
  readonly nouns: readonly string[]
}

const of = (
  department: SampleCategory['department'],
  sku: string,
  slug: string,
  name: string,
  price: SampleCategory['price'],
  description: string,
  nouns: string
): SampleCategory => ({
  department,
  sku,
  slug,
  name,
  price,
  description,
  nouns: nouns.split(', ')
})

export const sampleCategories: readonly SampleCategory[] = [
  of(
    'kitchen',
    'PAN',
    'cookware',
    'Cookware',
    [1900, 24900],
    'Pots and pans for every hob.',
    'Frying Pan, Saucepan, Casserole, Wok, Sauté Pan, Stockpot, Griddle, Milk Pan'
  ),
  of(
    'kitchen',
    'BAK',
    'bakeware',
    'Bakeware',
    [690, 6900],
    'Tins, trays and moulds.',
    'Loaf Tin, Springform, Muffin Tray, Baking Sheet, Pie Dish, Bundt Tin, Proving Basket, Cooling Rack'
  ),
  of(
    'kitchen',
    'KNV',
    'knives',
    'Knives',
    [1200, 32900],
    'Blades that hold an edge.',
    'Chef’s Knife, Paring Knife, Bread Knife, Santoku, Carving Knife, Sharpening Steel, Knife Block, Fillet Knife'
  ),
  of(
    'kitchen',
    'COF',
    'coffee-and-tea',
    'Coffee & Tea',
    [890, 44900],
    'From the first cup to the last pot.',
    'Espresso Maker, Pour-Over Set, Coffee Grinder, Teapot, French Press, Milk Frother, Kettle, Tea Strainer'
  ),
  of(
    'kitchen',
    'TAB',
    'tableware',
    'Tableware',
    [590, 12900],
    'Plates, bowls and what goes beside them.',
    'Dinner Plate, Soup Bowl, Mug, Serving Platter, Cutlery Set, Carafe, Espresso Cup, Salad Servers'
  ),
  of(
    'kitchen',
    'STO',
    'food-storage',
    'Food Storage',
    [390, 5900],
    'Keeps it fresh, keeps it tidy.',
    'Storage Jar, Lunch Box, Bread Bin, Spice Rack, Butter Dish, Preserving Jar, Bento Box, Oil Bottle'
  ),
  of(
    'home',
    'SOF',
    'sofas-and-armchairs',
    'Sofas & Armchairs',
    [19900, 249900],
    'Seats to sink into.',
    'Two-Seater Sofa, Armchair, Corner Sofa, Footstool, Daybed, Sofa Bed, Rocking Chair, Chaise Longue'
  ),
  of(
    'home',
    'TBL',
    'tables',
    'Tables',
    [5900, 149900],
    'To eat at, work at, put things on.',
    'Dining Table, Coffee Table, Side Table, Desk, Console Table, Extending Table, Bedside Table, Bar Table'
  ),
  of(
    'home',
    'CHR',
    'chairs',
    'Chairs',
    [3900, 49900],
    'Four legs and a good back.',
    'Dining Chair, Bar Stool, Desk Chair, Bench, Folding Chair, Stool, Stacking Chair, Carver Chair'
  ),
  of(
    'home',
    'LMP',
    'lighting',
    'Lighting',
    [1490, 39900],
    'Light where you want it.',
    'Floor Lamp, Table Lamp, Pendant Lamp, Wall Light, Reading Lamp, Ceiling Light, Lantern, Clip Lamp'
  ),
  of(
    'home',
    'BED',
    'bedding',
    'Bedding',
    [1490, 29900],
    'For the third of life spent in bed.',
    'Duvet Cover, Pillowcase, Fitted Sheet, Duvet, Pillow, Bedspread, Mattress Topper, Throw'
  ),
  of(
    'home',
    'RUG',
    'rugs',
    'Rugs',
    [2900, 89900],
    'Warm underfoot.',
    'Runner, Area Rug, Doormat, Round Rug, Kilim, Bath Mat, Hallway Rug, Floor Cushion'
  ),
  of(
    'home',
    'DEC',
    'decoration',
    'Decoration',
    [690, 14900],
    'The last ten per cent of a room.',
    'Vase, Picture Frame, Candlestick, Mirror, Wall Clock, Cushion, Tray, Bookend'
  ),
  of(
    'home',
    'BTH',
    'bathroom',
    'Bathroom',
    [590, 9900],
    'Small luxuries by the basin.',
    'Bath Towel, Soap Dish, Laundry Basket, Bathrobe, Toothbrush Holder, Shower Caddy, Guest Towel, Shower Curtain'
  ),
  of(
    'outdoor',
    'TNT',
    'tents',
    'Tents',
    [7900, 99900],
    'Shelter for one to six.',
    'Two-Person Tent, Tunnel Tent, Dome Tent, Tarp, Bivvy Bag, Family Tent, Groundsheet, Awning'
  ),
  of(
    'outdoor',
    'SLP',
    'sleeping-bags',
    'Sleeping Bags & Mats',
    [2900, 49900],
    'Warm nights far from home.',
    'Sleeping Bag, Sleeping Mat, Camping Pillow, Quilt, Bag Liner, Hammock, Air Bed, Camp Bed'
  ),
  of(
    'outdoor',
    'BPK',
    'backpacks',
    'Backpacks',
    [2900, 34900],
    'Carries the lot.',
    'Daypack, Trekking Pack, Duffel Bag, Hydration Pack, Commuter Backpack, Rain Cover, Hip Pack, Roll-Top Pack'
  ),
  of(
    'outdoor',
    'JKT',
    'jackets',
    'Jackets',
    [4900, 59900],
    'For weather of all kinds.',
    'Rain Jacket, Down Jacket, Softshell, Fleece, Windbreaker, Parka, Gilet, Poncho'
  ),
  of(
    'outdoor',
    'BOO',
    'boots',
    'Boots',
    [5900, 32900],
    'Grip from valley to summit.',
    'Hiking Boots, Approach Shoes, Winter Boots, Trail Shoes, Gaiters, Camp Slippers, Wellingtons, Mountaineering Boots'
  ),
  of(
    'outdoor',
    'CMP',
    'camp-kitchen',
    'Camp Kitchen',
    [690, 19900],
    'Hot meals at altitude.',
    'Camping Stove, Cook Set, Spork, Water Filter, Vacuum Flask, Windshield, Cool Box, Water Bottle'
  ),
  of(
    'sport',
    'CYC',
    'cycling',
    'Cycling',
    [990, 39900],
    'For the commute and the col.',
    'Helmet, Bib Shorts, Jersey, Track Pump, Saddle, Bar Tape, Front Light, Cycling Gloves'
  ),
  of(
    'sport',
    'RUN',
    'running',
    'Running',
    [990, 21900],
    'Miles made pleasant.',
    'Running Shoes, Running Shorts, Running Vest, Headlamp, Tights, Running Cap, Race Belt, Running Socks'
  ),
  of(
    'sport',
    'YOG',
    'yoga',
    'Yoga',
    [790, 12900],
    'Calm, with equipment.',
    'Yoga Mat, Yoga Block, Strap, Bolster, Meditation Cushion, Leggings, Mat Bag, Eye Pillow'
  ),
  of(
    'sport',
    'SWM',
    'swimming',
    'Swimming',
    [590, 14900],
    'Pool, lake and sea.',
    'Goggles, Swim Cap, Swimsuit, Kickboard, Wetsuit, Swim Fins, Tow Float, Pull Buoy'
  ),
  of(
    'sport',
    'FIT',
    'fitness',
    'Fitness',
    [790, 49900],
    'A gym in the corner of a room.',
    'Kettlebell, Resistance Band, Dumbbell Set, Skipping Rope, Foam Roller, Pull-Up Bar, Weight Bench, Medicine Ball'
  ),
  of(
    'electronics',
    'HPH',
    'headphones',
    'Headphones',
    [1900, 44900],
    'Music, podcasts, or peace.',
    'Over-Ear Headphones, Earbuds, Headset, On-Ear Headphones, Sport Earphones, In-Ear Monitors, Charging Case, Headphone Stand'
  ),
  of(
    'electronics',
    'SPK',
    'speakers',
    'Speakers',
    [2900, 89900],
    'Fills a pocket or a hall.',
    'Portable Speaker, Soundbar, Bookshelf Speaker, Party Speaker, Subwoofer, Radio, Turntable, Shower Speaker'
  ),
  of(
    'electronics',
    'CHG',
    'chargers-and-cables',
    'Chargers & Cables',
    [790, 9900],
    'Power, everywhere.',
    'Wall Charger, Power Bank, Charging Cable, Docking Station, Travel Adapter, Car Charger, Charging Pad, Audio Cable'
  ),
  of(
    'electronics',
    'KBD',
    'keyboards-and-mice',
    'Keyboards & Mice',
    [1490, 24900],
    'Where hands spend the day.',
    'Mechanical Keyboard, Mouse, Trackball, Numeric Keypad, Wrist Rest, Keyboard, Desk Mat, Presenter'
  ),
  of(
    'electronics',
    'HOM',
    'smart-home',
    'Smart Home',
    [990, 29900],
    'A house that helps.',
    'Thermostat, Light Bulb, Door Sensor, Plug, Doorbell, Smoke Alarm, Motion Sensor, Light Strip'
  ),
  of(
    'electronics',
    'PHO',
    'photography',
    'Photography',
    [1290, 99900],
    'For the picture and the getting there.',
    'Tripod, Camera Bag, Lens Filter, Ring Light, Memory Card Reader, Camera Strap, Action Camera, Instant Camera'
  ),
  of(
    'reading',
    'NTB',
    'notebooks',
    'Notebooks',
    [390, 4900],
    'Pages worth filling.',
    'Notebook, Sketchbook, Diary, Weekly Planner, Journal, Memo Pad, Recipe Book, Guest Book'
  ),
  of(
    'reading',
    'PEN',
    'pens',
    'Pens',
    [290, 29900],
    'Ink, graphite and color.',
    'Fountain Pen, Rollerball, Mechanical Pencil, Brush Pen, Ink Bottle, Highlighter Set, Pencil Case, Colored Pencils'
  ),
  of(
    'reading',
    'BKS',
    'books',
    'Books',
    [790, 7900],
    'Cooking, travel, gardens and more.',
    'Cookbook, Field Guide, Atlas, Garden Almanac, Photo Book, Crossword Collection, Travel Guide, Book of Short Stories'
  ),
  of(
    'family',
    'TOY',
    'toys',
    'Toys',
    [590, 9900],
    'Made to be played with.',
    'Building Blocks, Train Set, Shape Sorter, Pull-Along Duck, Puzzle, Doll’s House, Xylophone, Spinning Top'
  ),
  of(
    'family',
    'GAM',
    'board-games',
    'Board Games',
    [990, 8900],
    'For rainy Sundays.',
    'Strategy Game, Card Game, Memory Game, Dice Game, Chess Set, Dominoes, Quiz Game, Cooperative Game'
  ),
  of(
    'family',
    'BBY',
    'baby',
    'Baby',
    [490, 34900],
    'For the newest of us.',
    'Baby Blanket, Changing Mat, Baby Carrier, Mobile, Bib Set, Rattle, Sleep Sack, High Chair'
  ),
  of(
    'garden',
    'GTL',
    'garden-tools',
    'Garden Tools',
    [790, 14900],
    'Dig, cut, rake, repeat.',
    'Spade, Secateurs, Hand Trowel, Rake, Hoe, Pruning Saw, Garden Fork, Hedge Shears'
  ),
  of(
    'garden',
    'POT',
    'pots-and-planters',
    'Pots & Planters',
    [490, 19900],
    'Homes for plants.',
    'Planter, Hanging Basket, Window Box, Plant Pot, Raised Bed, Plant Stand, Herb Trough, Pot Saucer'
  ),
  of(
    'garden',
    'GFU',
    'garden-furniture',
    'Garden Furniture',
    [3900, 129900],
    'The room without a ceiling.',
    'Garden Bench, Sun Lounger, Parasol, Bistro Set, Deck Chair, Garden Table, Hammock Stand, Fire Bowl'
  )
]
