/** A real city of the simulator's geocoding. */
export interface City {
  readonly id: number
  readonly name: string
  readonly country: string
  readonly countryCode: string
  readonly latitude: number
  readonly longitude: number
  readonly timezone: string
}

// Name, country code, latitude, longitude, time zone. One city per line, so that adding one adds a
// line.
const TABLE = `
Tokyo|JP|35.6895|139.6917|Asia/Tokyo
Delhi|IN|28.6519|77.2315|Asia/Kolkata
Shanghai|CN|31.2222|121.4581|Asia/Shanghai
São Paulo|BR|-23.5475|-46.6361|America/Sao_Paulo
Mexico City|MX|19.4285|-99.1277|America/Mexico_City
Cairo|EG|30.0626|31.2497|Africa/Cairo
Mumbai|IN|19.0728|72.8826|Asia/Kolkata
Beijing|CN|39.9075|116.3972|Asia/Shanghai
Dhaka|BD|23.7104|90.4074|Asia/Dhaka
Osaka|JP|34.6938|135.5011|Asia/Tokyo
New York|US|40.7143|-74.006|America/New_York
Karachi|PK|24.8608|67.0104|Asia/Karachi
Buenos Aires|AR|-34.6132|-58.3772|America/Argentina/Buenos_Aires
Chongqing|CN|29.5603|106.5577|Asia/Shanghai
Istanbul|TR|41.0138|28.9497|Europe/Istanbul
Kolkata|IN|22.5626|88.363|Asia/Kolkata
Manila|PH|14.6042|120.9822|Asia/Manila
Lagos|NG|6.4541|3.3947|Africa/Lagos
Rio de Janeiro|BR|-22.9064|-43.1822|America/Sao_Paulo
Tianjin|CN|39.1422|117.1767|Asia/Shanghai
Kinshasa|CD|-4.3276|15.3136|Africa/Kinshasa
Guangzhou|CN|23.1167|113.25|Asia/Shanghai
Los Angeles|US|34.0522|-118.2437|America/Los_Angeles
Moscow|RU|55.7522|37.6156|Europe/Moscow
Shenzhen|CN|22.5455|114.0683|Asia/Shanghai
Lahore|PK|31.558|74.3507|Asia/Karachi
Bengaluru|IN|12.9719|77.5937|Asia/Kolkata
Paris|FR|48.8534|2.3488|Europe/Paris
Bogotá|CO|4.6097|-74.0818|America/Bogota
Jakarta|ID|-6.2146|106.8451|Asia/Jakarta
Chennai|IN|13.0878|80.2785|Asia/Kolkata
Lima|PE|-12.0432|-77.0282|America/Lima
Bangkok|TH|13.754|100.5014|Asia/Bangkok
Seoul|KR|37.566|126.9784|Asia/Seoul
Nagoya|JP|35.1815|136.9064|Asia/Tokyo
Hyderabad|IN|17.3841|78.4564|Asia/Kolkata
London|GB|51.5085|-0.1257|Europe/London
Tehran|IR|35.6944|51.4215|Asia/Tehran
Chicago|US|41.85|-87.65|America/Chicago
Chengdu|CN|30.6667|104.0667|Asia/Shanghai
Nanjing|CN|32.0617|118.7778|Asia/Shanghai
Wuhan|CN|30.5833|114.2667|Asia/Shanghai
Ho Chi Minh City|VN|10.823|106.6296|Asia/Ho_Chi_Minh
Luanda|AO|-8.8368|13.2343|Africa/Luanda
Ahmedabad|IN|23.0258|72.5873|Asia/Kolkata
Kuala Lumpur|MY|3.1412|101.6865|Asia/Kuala_Lumpur
Hong Kong|HK|22.2783|114.1747|Asia/Hong_Kong
Hangzhou|CN|30.2937|120.1614|Asia/Shanghai
Riyadh|SA|24.6877|46.7219|Asia/Riyadh
Baghdad|IQ|33.3406|44.4009|Asia/Baghdad
Santiago|CL|-33.4569|-70.6483|America/Santiago
Madrid|ES|40.4165|-3.7026|Europe/Madrid
Toronto|CA|43.7001|-79.4163|America/Toronto
Singapore|SG|1.2897|103.8501|Asia/Singapore
Khartoum|SD|15.5518|32.5324|Africa/Khartoum
Dar es Salaam|TZ|-6.8235|39.2695|Africa/Dar_es_Salaam
Johannesburg|ZA|-26.2023|28.0436|Africa/Johannesburg
Saint Petersburg|RU|59.9386|30.3141|Europe/Moscow
Dallas|US|32.7831|-96.8067|America/Chicago
Houston|US|29.7633|-95.3633|America/Chicago
Philadelphia|US|39.9524|-75.1636|America/New_York
Washington|US|38.8951|-77.0364|America/New_York
Miami|US|25.7743|-80.1937|America/New_York
Atlanta|US|33.749|-84.388|America/New_York
Boston|US|42.3584|-71.0598|America/New_York
Phoenix|US|33.4484|-112.074|America/Phoenix
San Francisco|US|37.7749|-122.4194|America/Los_Angeles
Seattle|US|47.6062|-122.3321|America/Los_Angeles
San Diego|US|32.7157|-117.1647|America/Los_Angeles
Minneapolis|US|44.98|-93.2638|America/Chicago
Denver|US|39.7392|-104.9847|America/Denver
Detroit|US|42.3314|-83.0458|America/Detroit
Las Vegas|US|36.175|-115.1372|America/Los_Angeles
Portland|US|45.5234|-122.6762|America/Los_Angeles
New Orleans|US|29.9547|-90.0751|America/Chicago
Nashville|US|36.1659|-86.7844|America/Chicago
Salt Lake City|US|40.7608|-111.8911|America/Denver
Honolulu|US|21.3069|-157.8583|Pacific/Honolulu
Anchorage|US|61.2181|-149.9003|America/Anchorage
Montreal|CA|45.5088|-73.5878|America/Toronto
Vancouver|CA|49.2497|-123.1193|America/Vancouver
Calgary|CA|51.0501|-114.0853|America/Edmonton
Ottawa|CA|45.4112|-75.6981|America/Toronto
Winnipeg|CA|49.8844|-97.147|America/Winnipeg
Halifax|CA|44.6453|-63.5724|America/Halifax
Guadalajara|MX|20.6668|-103.3918|America/Mexico_City
Monterrey|MX|25.6751|-100.3185|America/Monterrey
Guatemala City|GT|14.6407|-90.5133|America/Guatemala
Havana|CU|23.133|-82.383|America/Havana
Santo Domingo|DO|18.4719|-69.8923|America/Santo_Domingo
Port-au-Prince|HT|18.5435|-72.3388|America/Port-au-Prince
San Juan|PR|18.4663|-66.1057|America/Puerto_Rico
Kingston|JM|17.997|-76.7936|America/Jamaica
San José|CR|9.9333|-84.0833|America/Costa_Rica
Panama City|PA|8.9936|-79.5197|America/Panama
Caracas|VE|10.488|-66.8792|America/Caracas
Medellín|CO|6.2518|-75.5636|America/Bogota
Cali|CO|3.4372|-76.5225|America/Bogota
Quito|EC|-0.2298|-78.525|America/Guayaquil
Guayaquil|EC|-2.1962|-79.8862|America/Guayaquil
La Paz|BO|-16.5|-68.15|America/La_Paz
Asunción|PY|-25.3007|-57.6359|America/Asuncion
Montevideo|UY|-34.9033|-56.1882|America/Montevideo
Córdoba|AR|-31.4135|-64.1811|America/Argentina/Cordoba
Ushuaia|AR|-54.801|-68.303|America/Argentina/Ushuaia
Brasília|BR|-15.7797|-47.9297|America/Sao_Paulo
Salvador|BR|-12.9711|-38.5108|America/Bahia
Fortaleza|BR|-3.7172|-38.5431|America/Fortaleza
Belo Horizonte|BR|-19.9208|-43.9378|America/Sao_Paulo
Manaus|BR|-3.1019|-60.025|America/Manaus
Recife|BR|-8.0539|-34.8811|America/Recife
Porto Alegre|BR|-30.0328|-51.2302|America/Sao_Paulo
Berlin|DE|52.5244|13.4105|Europe/Berlin
Hamburg|DE|53.5507|9.993|Europe/Berlin
Munich|DE|48.1374|11.5755|Europe/Berlin
Cologne|DE|50.9333|6.95|Europe/Berlin
Frankfurt|DE|50.1155|8.6842|Europe/Berlin
Vienna|AT|48.2085|16.3721|Europe/Vienna
Zurich|CH|47.3667|8.55|Europe/Zurich
Geneva|CH|46.2022|6.1457|Europe/Zurich
Rome|IT|41.8919|12.5113|Europe/Rome
Milan|IT|45.4643|9.1895|Europe/Rome
Naples|IT|40.8522|14.2681|Europe/Rome
Palermo|IT|38.1166|13.3636|Europe/Rome
Barcelona|ES|41.3888|2.159|Europe/Madrid
Valencia|ES|39.4739|-0.3797|Europe/Madrid
Seville|ES|37.3828|-5.9732|Europe/Madrid
Lisbon|PT|38.7167|-9.1333|Europe/Lisbon
Porto|PT|41.1496|-8.611|Europe/Lisbon
Marseille|FR|43.297|5.3811|Europe/Paris
Lyon|FR|45.7485|4.8467|Europe/Paris
Toulouse|FR|43.6043|1.4437|Europe/Paris
Brussels|BE|50.8505|4.3488|Europe/Brussels
Amsterdam|NL|52.374|4.8897|Europe/Amsterdam
Rotterdam|NL|51.9225|4.4792|Europe/Amsterdam
Luxembourg|LU|49.6117|6.13|Europe/Luxembourg
Manchester|GB|53.481|-2.2374|Europe/London
Edinburgh|GB|55.9521|-3.1965|Europe/London
Birmingham|GB|52.4814|-1.8998|Europe/London
Dublin|IE|53.3331|-6.2489|Europe/Dublin
Reykjavik|IS|64.1355|-21.8954|Atlantic/Reykjavik
Oslo|NO|59.9127|10.7461|Europe/Oslo
Bergen|NO|60.393|5.3242|Europe/Oslo
Tromsø|NO|69.6489|18.9551|Europe/Oslo
Stockholm|SE|59.3294|18.0687|Europe/Stockholm
Gothenburg|SE|57.7072|11.9668|Europe/Stockholm
Copenhagen|DK|55.6759|12.5655|Europe/Copenhagen
Helsinki|FI|60.1695|24.9354|Europe/Helsinki
Tallinn|EE|59.437|24.7535|Europe/Tallinn
Riga|LV|56.946|24.1059|Europe/Riga
Vilnius|LT|54.6892|25.2798|Europe/Vilnius
Warsaw|PL|52.2298|21.0118|Europe/Warsaw
Kraków|PL|50.0614|19.9366|Europe/Warsaw
Gdańsk|PL|54.3523|18.6491|Europe/Warsaw
Prague|CZ|50.088|14.4208|Europe/Prague
Bratislava|SK|48.1482|17.1067|Europe/Bratislava
Budapest|HU|47.4984|19.0404|Europe/Budapest
Ljubljana|SI|46.0511|14.5051|Europe/Ljubljana
Zagreb|HR|45.8144|15.978|Europe/Zagreb
Sarajevo|BA|43.8486|18.3564|Europe/Sarajevo
Belgrade|RS|44.804|20.4651|Europe/Belgrade
Sofia|BG|42.6975|23.3242|Europe/Sofia
Bucharest|RO|44.4323|26.1063|Europe/Bucharest
Athens|GR|37.9838|23.7278|Europe/Athens
Thessaloniki|GR|40.6436|22.9309|Europe/Athens
Kyiv|UA|50.4547|30.5238|Europe/Kyiv
Odesa|UA|46.4775|30.7326|Europe/Kyiv
Minsk|BY|53.9|27.5667|Europe/Minsk
Ankara|TR|39.9199|32.8543|Europe/Istanbul
Tbilisi|GE|41.6941|44.8337|Asia/Tbilisi
Yerevan|AM|40.1811|44.5136|Asia/Yerevan
Baku|AZ|40.3777|49.892|Asia/Baku
Tel Aviv|IL|32.0809|34.7806|Asia/Jerusalem
Beirut|LB|33.8933|35.5016|Asia/Beirut
Amman|JO|31.9552|35.945|Asia/Amman
Dubai|AE|25.0657|55.1713|Asia/Dubai
Doha|QA|25.2855|51.531|Asia/Qatar
Kabul|AF|34.5281|69.1723|Asia/Kabul
Tashkent|UZ|41.2647|69.2163|Asia/Tashkent
Almaty|KZ|43.25|76.9167|Asia/Almaty
Kathmandu|NP|27.7017|85.3206|Asia/Kathmandu
Colombo|LK|6.9355|79.8487|Asia/Colombo
Yangon|MM|16.8053|96.1561|Asia/Yangon
Hanoi|VN|21.0245|105.8412|Asia/Bangkok
Taipei|TW|25.0478|121.5319|Asia/Taipei
Ulaanbaatar|MN|47.9077|106.8832|Asia/Ulaanbaatar
Casablanca|MA|33.5883|-7.6114|Africa/Casablanca
Algiers|DZ|36.7525|3.042|Africa/Algiers
Tunis|TN|36.819|10.1658|Africa/Tunis
Accra|GH|5.556|-0.1969|Africa/Accra
Dakar|SN|14.6937|-17.4441|Africa/Dakar
Nairobi|KE|-1.2833|36.8167|Africa/Nairobi
Addis Ababa|ET|9.025|38.7469|Africa/Addis_Ababa
Cape Town|ZA|-33.9258|18.4232|Africa/Johannesburg
Sydney|AU|-33.8678|151.2073|Australia/Sydney
Melbourne|AU|-37.814|144.9633|Australia/Melbourne
Brisbane|AU|-27.4679|153.0281|Australia/Brisbane
Perth|AU|-31.9522|115.8614|Australia/Perth
Auckland|NZ|-36.8485|174.7635|Pacific/Auckland
Wellington|NZ|-41.2866|174.7756|Pacific/Auckland
`

const countries = new Intl.DisplayNames('en', { type: 'region' })

/** 200 cities on all inhabited continents. */
export const cities: readonly City[] = TABLE.trim().split('\n').map((line, i) => {
  const [name = '', countryCode = '', latitude, longitude, timezone = ''] = line.split('|')
  const country = countries.of(countryCode) ?? countryCode
  return {
    id: i + 1,
    name,
    countryCode,
    country,
    latitude: Number(latitude),
    longitude: Number(longitude),
    timezone
  }
})

/** The name as users type it: `sao paulo` for São Paulo. */
export const plain = (name: string) =>
  name.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('ø', 'o').toLowerCase().trim()

/** The nearest city, from which the simulator takes the time zone of any coordinates. */
export function nearestCity (latitude: number, longitude: number): City {
  const distance = (city: City) => {
    const east = Math.abs(city.longitude - longitude)
    return (
      (city.latitude - latitude) ** 2 +
      (Math.min(east, 360 - east) * Math.cos((latitude * Math.PI) / 180)) ** 2
    )
  }
  return cities.reduce((nearest, city) => distance(city) < distance(nearest) ? city : nearest)
}
