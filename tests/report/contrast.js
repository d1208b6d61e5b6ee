// The lowest contrast of any text of the page with what is behind it (WCAG 2.2, relative luminance).
(() => {
  const numbers = colour => colour.match(/[\d.]+/g).map(Number);
  const linear = v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = rgb => rgb.slice(0, 3).reduce((sum, v, i) => sum + linear(v / 255) * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = one => {
    const [r, g, b, a = 1] = numbers(getComputedStyle(one).backgroundColor);
    return a === 1 ? [r, g, b] : behind(one.parentElement).map((v, i) => v * (1 - a) + [r, g, b][i] * a);
  };
  const contrast = one => {
    const both = [light(numbers(getComputedStyle(one).color)), light(behind(one))];
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  };
  const texts = [...document.querySelectorAll('td, .badge, .note, dt, dd, .cut, a, mark, h1, .o, label, output')];
  return Math.min(...texts.filter(one => one.textContent.trim()).map(contrast));
})()
