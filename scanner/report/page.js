(function () {
  "use strict";
  var live = document.getElementById("live");
  document.querySelectorAll("button.copy").forEach(function (button) {
    var label = button.textContent;
    var code = button.parentNode.querySelector("code");
    function done() {
      button.textContent = live.textContent = button.dataset.done;
      setTimeout(function () { button.textContent = label; live.textContent = ""; }, 2500);
    }
    // A file that was opened from a disk may have no clipboard.
    function byHand() {
      var range = document.createRange();
      range.selectNodeContents(code);
      var selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      if (document.execCommand("copy")) { done(); }
    }
    button.hidden = false;
    button.addEventListener("click", function () {
      if (navigator.clipboard) {
        navigator.clipboard.writeText(code.textContent).then(done, byHand);
      } else {
        byHand();
      }
    });
  });
  // What is folded is printed; the style does the same in newer browsers.
  var folded = [];
  addEventListener("beforeprint", function () {
    folded = Array.from(document.querySelectorAll("details:not([open])"));
    folded.forEach(function (d) { d.open = true; });
  });
  addEventListener("afterprint", function () {
    folded.forEach(function (d) { d.open = false; });
  });
})();
