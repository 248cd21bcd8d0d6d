/** Word lists for the names and descriptions of a department's products. */
export interface Department {
  readonly brands: readonly string[]
  /** Materials and qualities, placed before the noun. */
  readonly qualities: readonly string[]
  /** Set phrases at the end of descriptions. */
  readonly remarks: readonly string[]
}

export const departments = {
  kitchen: {
    brands: [
      'Brennholt',
      'Maison Clary',
      'Halden',
      'Küchenfreund',
      'Oakridge',
      'Tavola',
      'Nordby',
      'Sarto'
    ],
    qualities: [
      'Cast-Iron',
      'Stainless-Steel',
      'Enamelled',
      'Copper',
      'Beechwood',
      'Stoneware',
      'Non-Stick',
      'Carbon-Steel',
      'Glazed',
      'Hammered'
    ],
    remarks: [
      'Suits every hob, induction included.',
      'Safe in the dishwasher.',
      'Oven-proof up to 240 °C.',
      'Comes with a ten-year guarantee.',
      'Rinse by hand and dry at once.'
    ]
  },
  home: {
    brands: [
      'Lindqvist',
      'Casa Moreno',
      'Fernwood',
      'Atelier Roux',
      'Heimat',
      'Willowby',
      'Solveig',
      'Marlowe'
    ],
    qualities: [
      'Oak',
      'Walnut',
      'Linen',
      'Velvet',
      'Rattan',
      'Brushed-Brass',
      'Wool',
      'Powder-Coated',
      'Organic-Cotton',
      'Smoked-Glass'
    ],
    remarks: [
      'Delivered flat, assembled in minutes.',
      'Each piece differs a little in its grain.',
      'Wipe with a soft, damp cloth.',
      'Made in a family workshop in Portugal.',
      'Fabric certified to OEKO-TEX Standard 100.'
    ]
  },
  outdoor: {
    brands: [
      'Trailhead',
      'Nordwand',
      'Fjellstrom',
      'Cairn & Co',
      'Basecamp',
      'Altura',
      'Windermere',
      'Rock Hollow'
    ],
    qualities: [
      'Ultralight',
      'Waterproof',
      'Insulated',
      'Ripstop',
      'Four-Season',
      'Packable',
      'Recycled',
      'Merino',
      'Trekking',
      'Storm-Proof'
    ],
    remarks: [
      'Tested to a water column of 10,000 mm.',
      'Packs down to the size of a bottle.',
      'Repairs are free for as long as you own it.',
      'Made of recycled nylon.',
      'Seams are taped throughout.'
    ]
  },
  sport: {
    brands: [
      'Velocita',
      'Kinetix',
      'Pulse',
      'Stride',
      'Apex Works',
      'Corsa',
      'Domestique',
      'Nordic Lane'
    ],
    qualities: [
      'Carbon',
      'Training',
      'Competition',
      'Breathable',
      'Reflective',
      'Compression',
      'All-Round',
      'Lightweight',
      'Grip',
      'Thermal'
    ],
    remarks: [
      'Dries within an hour.',
      'Reflective details front and back.',
      'Fits true to size.',
      'Developed with club athletes.',
      'Machine-wash at 30 °C.'
    ]
  },
  electronics: {
    brands: [
      'Auralis',
      'Voltera',
      'Kestrel',
      'Lumen Labs',
      'Nimbus',
      'Octave',
      'Pixelbay',
      'Tessel'
    ],
    qualities: [
      'Wireless',
      'Compact',
      'Fast-Charging',
      'Noise-Cancelling',
      'Rechargeable',
      'Smart',
      'Pro',
      'Studio',
      'Travel',
      'Mini'
    ],
    remarks: [
      'Charges fully in two hours.',
      'Works with Matter and without a cloud account.',
      'Battery can be replaced by the owner.',
      'Two-year warranty.',
      'Ships without plastic packaging.'
    ]
  },
  reading: {
    brands: [
      'Quillmark',
      'Paperbark',
      'Hermann & Söhne',
      'Inkwell',
      'Folio North',
      'Graphite Lane',
      'Canterbury',
      'Papeterie Lune'
    ],
    qualities: [
      'Hardcover',
      'Illustrated',
      'Linen-Bound',
      'Pocket',
      'Dotted',
      'Refillable',
      'Leather',
      'Ruled',
      'Annual',
      'Collector’s'
    ],
    remarks: [
      'Printed on 100 g paper that takes fountain-pen ink.',
      'Lies flat when open.',
      'FSC-certified paper.',
      'Thread-sewn, not glued.',
      'Comes in a gift box.'
    ]
  },
  family: {
    brands: [
      'Little Heron',
      'Pomme',
      'Holzwurm',
      'Tumbleweed',
      'Biscuit & Bear',
      'Kleine Eule',
      'Marbles',
      'Pipkin'
    ],
    qualities: [
      'Wooden',
      'Organic',
      'Stackable',
      'Musical',
      'First',
      'Washable',
      'Foldable',
      'Glow-in-the-Dark',
      'Cuddly',
      'Magnetic'
    ],
    remarks: [
      'Suitable from 12 months.',
      'Painted with water-based colors.',
      'No batteries needed.',
      'Tested to EN 71.',
      'Washable at 40 °C.'
    ]
  },
  garden: {
    brands: [
      'Greenhithe',
      'Spade & Larch',
      'Botanica',
      'Gärtnerei Ost',
      'Thistledown',
      'Rainwell',
      'Verdant',
      'Hollyhock'
    ],
    qualities: [
      'Galvanised',
      'Terracotta',
      'Ash-Handled',
      'Frost-Proof',
      'Forged',
      'Self-Watering',
      'Heavy-Duty',
      'Solar',
      'Telescopic',
      'Peat-Free'
    ],
    remarks: [
      'Stays outside all winter.',
      'Blades can be resharpened.',
      'Made of recycled steel.',
      'Spare parts are kept in stock.',
      'Bees approve.'
    ]
  }
} as const satisfies Record<string, Department>
