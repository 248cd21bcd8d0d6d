import { useState } from 'preact/hooks'
import { hashOf } from '../../model/hash.js'
import { Field } from '../../parts/field.js'
import { Page } from '../../parts/page.js'
import { place } from '../../state/place.js'
import { useStored } from '../../state/use-stored.js'
import { City } from './city.js'
import { ResponseTimes } from './response-times.js'

const CITIES = ['Berlin', 'Paris', 'Tokyo', 'New York', 'Cairo', 'São Paulo', 'Oslo', 'Mumbai']

/** Shows the weather of a city and the response times of its requests. */
export function Weather () {
  const city = useStored(place).query.get('city') ?? 'Berlin'
  return (
    <Page title='Weather'>
      <p class='lead'>
        One call to Open-Meteo serves all instances. Fresh data comes from the cache; stale data is
        served while one instance revalidates it.
      </p>
      <section class='panel'>
        <CityForm key={city} city={city} />
      </section>
      <City key={city} city={city} />
      <ResponseTimes />
    </Page>
  )
}

function CityForm ({ city }: { city: string }) {
  const [typed, setTyped] = useState(city)
  const submit = (event: Event) => {
    event.preventDefault()
    location.hash = hashOf(['weather'], { city: typed.trim() })
  }
  return (
    <form class='fields' onSubmit={submit}>
      <Field label='City' class='grow'>
        {(attributes) => (
          <input
            {...attributes} type='text' list='cities' required maxLength={100} value={typed}
            onInput={({ currentTarget: { value } }) => setTyped(value)}
          />
        )}
      </Field>
      <datalist id='cities'>{CITIES.map((name) => <option key={name} value={name} />)}</datalist>
      <button class='button primary' type='submit'>Show</button>
    </form>
  )
}
