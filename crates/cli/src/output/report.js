'use strict';
// Sorts and filters the rows of the page, which are complete without this script.
{
  const table = document.getElementById('rows');
  const filters = document.getElementById('filters');
  const [wanted, provider, verdict] = filters.querySelectorAll('input, select');
  const shown = filters.querySelector('output');
  const order = Array.from(verdict.options, (option) => option.value);
  // Texts are read once, because there may be thousands of rows.
  const rows = Array.from(table.tBodies[0].rows, (row, place) => {
    const texts = Array.from(row.cells, (cell) => cell.textContent);
    return { row, place, texts, all: texts.join('\n').toLowerCase() };
  });

  // Amounts may have more digits than a Number can hold.
  const exact = (amount) => {
    const [whole, fraction = ''] = amount.split('.');
    return BigInt(whole + fraction.padEnd(28, '0'));
  };
  const collator = new Intl.Collator(undefined, { numeric: true });
  const compare = {
    number: (a, b) => (exact(a) < exact(b) ? -1 : exact(a) > exact(b) ? 1 : 0),
    verdict: (a, b) => order.indexOf(a) - order.indexOf(b),
    text: collator.compare,
  };

  const sort = (head, column) => {
    const falls = head.getAttribute('aria-sort') === 'ascending';
    for (const other of head.parentNode.cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', falls ? 'descending' : 'ascending');
    const by = compare[head.dataset.by || 'text'];
    rows.sort((one, other) => {
      const [a, b] = [one.texts[column], other.texts[column]];
      // Unknown values come last in both directions.
      if (a === '-' || b === '-') return (a === '-') - (b === '-') || one.place - other.place;
      return (falls ? by(b, a) : by(a, b)) || one.place - other.place;
    });
    table.tBodies[0].replaceChildren(...rows.map(({ row }) => row));
  };

  const filter = () => {
    const words = wanted.value.toLowerCase().split(/\s+/);
    let count = 0;
    for (const { row, texts, all } of rows) {
      row.hidden = !(
        words.every((word) => all.includes(word)) &&
        (!provider.value || texts[2] === provider.value) &&
        (!verdict.value || texts[1] === verdict.value)
      );
      count += !row.hidden;
    }
    shown.value = `${count} of ${rows.length} rows`;
  };

  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    button.addEventListener('click', () => sort(head, column));
    head.append(button);
  });
  filters.addEventListener('input', filter);
  filters.hidden = false;
  filter();
}
