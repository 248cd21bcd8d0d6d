import { edgeMigration } from '@weir/edge'
import { outboxMigration } from '@weir/outbox'
import { type Kysely, type Migration, type MigrationProvider, sql } from 'kysely'

/**
 * Migrations use SQL's snake_case, with a database type of their own, because the current types may
 * differ.
 */
type AnyDatabase = Kysely<unknown>

const products: Migration = {
  async up (db: AnyDatabase) {
    await sql`
      create table categories (
        id integer primary key autoincrement,
        slug text not null unique,
        name text not null,
        description text not null,
        version integer not null default 1,
        created_at text not null,
        updated_at text not null
      ) strict`.execute(db)

    // Autoincrement ids are never reused, and neither are entity tags derived from id and
    // version.
    await sql`
      create table products (
        id integer primary key autoincrement,
        sku text not null unique,
        name text not null,
        description text not null,
        category_id integer not null references categories (id),
        price integer not null check (price between 0 and 1000000000),
        currency text not null check (currency = 'EUR'),
        stock integer not null check (stock >= 0),
        version integer not null default 1,
        created_at text not null,
        updated_at text not null
      ) strict`.execute(db)
    await sql`create index products_by_category on products (category_id)`.execute(db)
    await sql`create index products_by_price on products (price)`.execute(db)
    await sql`create index products_by_name on products (name collate nocase)`.execute(db)
    await sql`create index products_by_age on products (created_at)`.execute(db)
  }
}

const search: Migration = {
  async up (db: AnyDatabase) {
    await sql`
      create virtual table product_search using fts5 (
        sku, name, description, content = 'products', content_rowid = 'id',
        tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
      )`.execute(db)
    // The index stores no text: to remove a row it needs the old words.
    const forget = sql`insert into product_search (product_search, rowid, sku, name, description)
      values ('delete', old.id, old.sku, old.name, old.description)`
    const learn = sql`insert into product_search (rowid, sku, name, description) values (new.id, new.sku, new.name, new.description)`
    await sql`create trigger product_search_insert after insert on products begin ${learn}; end`.execute(
      db
    )
    await sql`create trigger product_search_delete after delete on products begin ${forget}; end`.execute(
      db
    )
    await sql`create trigger product_search_update after update of id, sku, name, description on products begin ${forget}; ${learn}; end`.execute(
      db
    )
  }
}

/**
 * Sort key of a product's name, maintained by a trigger: `sort_key` and `search_words` come from
 * `addTextFunctions`.
 */
const nameOrder: Migration = {
  async up (db: AnyDatabase) {
    await sql`alter table products add column name_key text not null default ''`.execute(db)
    await sql`update products set name_key = sort_key(name)`.execute(db)
    await sql`drop index products_by_name`.execute(db)
    await sql`create index products_by_name on products (name_key)`.execute(db)
    const learn = sql`update products set name_key = sort_key(new.name) where id = new.id`
    await sql`create trigger product_name_insert after insert on products begin ${learn}; end`.execute(
      db
    )
    await sql`create trigger product_name_update after update of name on products
      when old.name is not new.name begin ${learn}; end`.execute(db)
  }
}

/**
 * Search index of words that the catalog splits itself: the tokenizers of FTS5 cannot split text
 * without spaces.
 */
const searchWords: Migration = {
  async up (db: AnyDatabase) {
    for (const event of ['insert', 'delete', 'update']) {
      await sql`drop trigger ${sql.id(`product_search_${event}`)}`.execute(db)
    }
    await sql`drop table product_search`.execute(db)
    // The ASCII tokenizer treats all other characters as part of a word.
    await sql`
      create virtual table product_search using fts5 (
        words, content = '', contentless_delete = 1, tokenize = 'ascii', prefix = '1 2'
      )`.execute(db)
    const wordsOf = (row: string) =>
      sql.raw(`${row}id, search_words(${row}sku || ' ' || ${row}name || ' ' || ${row}description)`)
    await sql`insert into product_search (rowid, words) select ${wordsOf('')} from products`.execute(
      db
    )
    const forget = sql`delete from product_search where rowid = old.id`
    const learn = sql`insert into product_search (rowid, words) values (${wordsOf('new.')})`
    await sql`create trigger product_search_insert after insert on products begin ${learn}; end`.execute(db)
    await sql`create trigger product_search_delete after delete on products begin ${forget}; end`.execute(db)
    await sql`create trigger product_search_update after update of id, sku, name, description on products
      when (old.id, old.sku, old.name, old.description) is not (new.id, new.sku, new.name, new.description)
      begin ${forget}; ${learn}; end`.execute(db)
  }
}

/**
 * Migrations in the order of their names; never edit a released one. The outbox's migration is
 * listed again when its table changes.
 */
export const migrations: MigrationProvider = {
  getMigrations: async () => ({
    '0001-products': products,
    '0002-search': search,
    '0003-outbox': outboxMigration,
    '0004-outbox-tags': outboxMigration,
    '0005-name-order': nameOrder,
    '0006-search-words': searchWords,
    '0007-outbox-traces': outboxMigration,
    '0008-edge': edgeMigration
  })
}
