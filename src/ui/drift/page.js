"use strict";
// Sorts a table by a click on a heading, and filters its rows by words. Nothing else.
(function () {
  function value(row, column, how) {
    var cell = row.cells[column];
    if (how === "cell") return cell.className ? "0" + cell.className + cell.title.replace(/^[^:]*: /, "") : "1";
    var text = cell.getAttribute("data-value") || cell.textContent.trim();
    return how === "number" ? parseFloat(text) || 0 : text;
  }
  function compare(a, b) {
    if (typeof a === "number") return a - b;
    return a.localeCompare(b, "en", { numeric: true });
  }
  document.querySelectorAll("th[data-sort]").forEach(function (heading) {
    heading.tabIndex = 0;
    function sort() {
      var how = heading.getAttribute("data-sort"), column = heading.cellIndex;
      var descending = heading.getAttribute("aria-sort") === (how === "number" ? null : "ascending");
      heading.parentNode.querySelectorAll("th").forEach(function (other) { other.removeAttribute("aria-sort"); });
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      var body = heading.closest("table").tBodies[0];
      Array.from(body.rows).map(function (row) { return [value(row, column, how), row]; })
        .sort(function (a, b) { return compare(a[0], b[0]) * (descending ? -1 : 1); })
        .forEach(function (pair) { body.appendChild(pair[1]); });
    }
    heading.addEventListener("click", sort);
    heading.addEventListener("keydown", function (event) {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); }
    });
  });
  document.querySelectorAll("input[data-filter]").forEach(function (input) {
    var id = input.getAttribute("data-filter");
    var rows = Array.from(document.getElementById(id).tBodies[0].rows);
    var texts = rows.map(function (row) {
      var cells = id === "heat" ? Array.from(row.cells).slice(0, 3) : Array.from(row.cells);
      return cells.map(function (cell) { return cell.textContent; }).concat(row.getAttribute("data-nodes") || "").join(" ").toLowerCase();
    });
    function filter() {
      var words = input.value.toLowerCase().split(/\s+/), shown = 0;
      rows.forEach(function (row, at) {
        var fits = words.every(function (word) { return texts[at].indexOf(word) >= 0; });
        row.hidden = !fits;
        if (fits) shown += 1;
      });
      document.getElementById(id + "-count").textContent = shown + " of " + rows.length;
    }
    input.addEventListener("input", filter);
    filter();
  });
  function open() {
    var sheet = location.hash && document.getElementById(location.hash.slice(1));
    if (sheet && sheet.tagName === "DETAILS") sheet.open = true;
  }
  window.addEventListener("hashchange", open);
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (sheet) { if (sheet.querySelector("table,ul")) sheet.open = true; });
  });
  open();
})();
