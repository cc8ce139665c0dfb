"use strict";
// Filters and sorts the rows of this page.
(() => {
  const controls = document.getElementById("controls");
  const table = document.querySelector("table");
  if (table === null) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const [words, state, order, count] = ["words", "state", "order", "count"].map((id) => document.getElementById(id));
  const heads = Array.from(table.tHead.rows[0].cells);
  const texts = new Map(rows.map((row) => [row, row.querySelector("th").textContent.toLowerCase()]));
  const collator = new Intl.Collator(undefined, { numeric: true });

  function filter() {
    const wanted = words.value.trim().toLowerCase();
    let shown = 0;
    rows.forEach((row) => {
      const fits = texts.get(row).includes(wanted)
        && (state.value === "" || row.dataset.state.split(" ").includes(state.value));
      row.hidden = !fits;
      shown += fits;
    });
    count.textContent = `${shown} of ${rows.length} shown`;
  }

  function value(row, column) {
    if (column === "name") return row.querySelector(".name").textContent;
    const cell = row.cells[heads.findIndex((head) => head.dataset.column === column)];
    return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
  }

  // Rows without a value come last either way; equal ones stay as they were made.
  function sort() {
    const [column, direction] = order.value.split(" ");
    const sign = direction === "down" ? -1 : 1;
    const keys = new Map(rows.map((row) => [row, column ? value(row, column) : Number(row.dataset.place)]));
    const sorted = rows.slice().sort((one, other) => {
      const [first, second] = [keys.get(one), keys.get(other)];
      if (first === null || second === null) return (first === null) - (second === null);
      const found = column === "name" ? collator.compare(first, second) : first - second;
      return found * sign || one.dataset.place - other.dataset.place;
    });
    body.append(...sorted);
    heads.forEach((head) => {
      if (head.dataset.column === column) {
        head.setAttribute("aria-sort", direction === "down" ? "descending" : "ascending");
      } else {
        head.removeAttribute("aria-sort");
      }
    });
  }

  // A head sorts by its column, and the other way round when it is pressed again.
  function press(head) {
    const { column, kind } = head.dataset;
    const [now, direction] = order.value.split(" ");
    const first = kind === "number" ? "down" : "up";
    const other = first === "down" ? "up" : "down";
    const wanted = `${column} ${now === column && direction === first ? other : first}`;
    if (!Array.from(order.options).some((option) => option.value === wanted)) {
      const way = wanted.endsWith("down") ? "falling" : "rising";
      order.add(new Option(`${head.textContent}, ${way}`, wanted));
    }
    order.value = wanted;
    sort();
  }

  heads.filter((head) => head.dataset.kind !== undefined).forEach((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => press(head));
    head.replaceChildren(button);
  });
  controls.addEventListener("submit", (event) => event.preventDefault());
  words.addEventListener("input", filter);
  state.addEventListener("change", filter);
  order.addEventListener("change", sort);
  controls.hidden = false;
  // A browser may have kept what was chosen before the page was loaded again.
  filter();
  sort();
})();
