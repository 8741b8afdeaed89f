CREATE TABLE ledgers (id int GENERATED ALWAYS AS IDENTITY, amount int, note text);
CREATE FUNCTION book(amount int, note text) RETURNS int LANGUAGE sql BEGIN ATOMIC INSERT INTO ledgers (amount, note) VALUES (book.amount, book.note) RETURNING ledgers.id; END;
CREATE PROCEDURE correct(n int) LANGUAGE sql BEGIN ATOMIC UPDATE ledgers SET amount = n, note = 'corrected' WHERE ledgers.id = n; DELETE FROM ledgers USING ledgers AS other WHERE ledgers.amount = other.amount AND ledgers.id < other.id; END;
