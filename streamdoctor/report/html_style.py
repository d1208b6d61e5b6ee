"""The style of the page: light and dark, narrow and wide, on paper. A constant, part of the page's policy."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--paper:#fbfaf7;--card:#fff;--ink:#1c2026;--soft:#5b626d;--line:#dedbd3;--well:#f3f1eb;
--link:#1a5a96;--pass:#1d6f42;--non-strict:#7c5a00;--fail:#b3261e;--hung:#8a2a9b;--error:#a04a00;--skipped:#5f6670;
--tint:#b3261e14;--mark:#ffd9d3;--good:#cdebd8;--a:#9fb6cc;--b:#c9d5e0;--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,
"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{--paper:#15181c;--card:#1c2026;--ink:#e7e5df;--soft:#a3aab4;--line:#343a43;
--well:#12151a;--link:#8cc0f0;--pass:#7dcf9f;--non-strict:#e2bd5a;--fail:#ff9a8f;--hung:#dd9bea;--error:#f3a668;
--skipped:#a3aab4;--tint:#ff9a8f18;--mark:#6b2a25;--good:#1f4d34;--a:#47627d;--b:#2f4153}}
*{box-sizing:border-box}
html{scroll-padding-top:4.5rem}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans",sans-serif}
a{color:var(--link)}a:hover{text-decoration-thickness:2px}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:3px}
article:focus{outline:2px solid var(--link);outline-offset:3px}
code,pre,.pair dd,.bytes{font-family:var(--mono);font-size:.86em}
h1,h2,h3,h4,h5,p,dl,ul,figure{margin:0}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem;z-index:9}
.top,main{max-width:76rem;margin:0 auto;padding:0 1.5rem}
.top{padding-top:2.2rem;padding-bottom:1.2rem}
.brand{color:var(--soft);letter-spacing:.04em;font-size:.9em}
h1{font-size:2.5rem;line-height:1.15;letter-spacing:-.02em;font-weight:650;margin:.1rem 0 .4rem}
h1 .shape{margin-right:.6rem}
.sentence{font-size:1.15rem;max-width:52rem}
h1.pass,td.pass,.badge.pass{color:var(--pass)}h1.fail,td.fail,.badge.fail{color:var(--fail)}
h1.error,td.error,.badge.error{color:var(--error)}td.hung,.badge.hung{color:var(--hung)}
td.non-strict,.badge.non-strict{color:var(--non-strict)}td.skipped,.badge.skipped,.badge.known{color:var(--skipped)}
.provenance{display:flex;flex-wrap:wrap;gap:.35rem 2rem;margin-top:1.1rem;font-size:.9em}
.provenance div{display:flex;gap:.5rem;min-width:0}.provenance dt{color:var(--soft)}
.provenance dd{margin:0;overflow-wrap:anywhere}
nav{position:sticky;top:0;z-index:5;background:var(--paper);border-block:1px solid var(--line);display:flex;
flex-wrap:wrap;align-items:center;gap:.4rem 1.3rem;padding:.55rem max(1.5rem,calc(50% - 36.5rem));font-size:.94em}
nav a{text-decoration:none;font-weight:550}nav a:hover{text-decoration:underline}
#filter{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem .8rem;margin-left:auto;font-size:.92em}
#filter[hidden]{display:none}
#filter fieldset{border:0;padding:0;margin:0;display:flex;flex-wrap:wrap;gap:.2rem .7rem}
input[type=search],select,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);
border-radius:6px;padding:.2rem .5rem;max-width:14rem}
button{cursor:pointer}button:hover{border-color:var(--link)}
output,.note{color:var(--soft);font-weight:400}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
main>section{padding:2.2rem 0 .4rem}
h2{font-size:1.45rem;letter-spacing:-.01em;margin-bottom:.9rem}
h3{font-size:1.06rem;line-height:1.35;font-weight:620;overflow-wrap:anywhere}
.legend+h3,.scroll+h3,.notes+h3{margin:1.6rem 0 .6rem}
h4{font-size:.92rem;font-weight:620;margin:1.1rem 0 .35rem}h4 .note{font-size:.94em}
h5{font-size:.92rem;font-weight:620}
.scroll{overflow:auto;max-height:34rem;border:1px solid var(--line);border-radius:8px;background:var(--card)}
table{border-collapse:separate;border-spacing:0;width:100%;font-size:.92em}
th,td{text-align:left;padding:.38rem .75rem;border-bottom:1px solid var(--line);vertical-align:top}
tbody tr:last-child>*{border-bottom:0}
thead th{min-width:6.5rem;
position:sticky;top:0;background:var(--well);z-index:2;font-weight:600;overflow-wrap:break-word}
tbody th{font-weight:450;overflow-wrap:anywhere;min-width:12rem}
.matrix tbody th{position:sticky;left:0;background:var(--card);z-index:1;border-right:1px solid var(--line)}
.matrix td{white-space:nowrap;font-weight:550}.matrix td a{color:inherit;text-decoration-color:currentColor}
.matrix td.pass,.matrix td.skipped{font-weight:400}
td.fail,td.hung{background:var(--tint)}
.shape{display:inline-block;width:1.15em;text-align:center;margin-right:.2em;font-weight:700}
.badge{display:inline-block;border:1px solid currentColor;border-radius:99px;padding:0 .6em 0 .35em;font-size:.86em;
font-weight:600;white-space:nowrap;line-height:1.6}
.badge.known{padding-left:.6em}
.legend{display:grid;grid-template-columns:max-content 1fr;gap:.4rem 1rem;margin-top:1rem;font-size:.94em}
.legend div{display:contents}.legend dd{margin:0}
.card,.case{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.15rem 1.35rem 1.2rem;
margin-bottom:1.1rem}
.many .card,.many .case{content-visibility:auto;contain-intrinsic-size:auto 36rem}
.card.fail,.card.hung{border-left:4px solid var(--fail)}.card.hung{border-left-color:var(--hung)}
.card.non-strict{border-left:4px solid var(--non-strict)}
article header{margin-bottom:.7rem;display:grid;grid-template-columns:max-content 1fr;
gap:.15rem .8rem;align-items:baseline}
article header .where{grid-column:2;color:var(--soft);overflow-wrap:anywhere}
article header .where b{color:var(--ink);font-weight:600}
.badge+.badge{grid-row:2}
.grid{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:0 1.6rem}
.bytes,.proof{margin:0 0 .5rem;padding:.55rem .8rem;background:var(--well);border-radius:6px;overflow-x:auto;
line-height:1.5;tab-size:2}
.proof{white-space:pre-wrap}
.bytes .o{color:var(--soft)}.bytes .x{color:var(--soft)}.bytes .t{color:var(--ink);font-weight:550}
.bytes .here{display:inline-block;min-width:100%;border-top:1px solid var(--soft);color:var(--soft);padding-left:9ch}
.bytes .cut{display:inline-block;min-width:100%;border-top:2px dashed var(--fail);color:var(--fail);font-weight:600;
line-height:1.25;margin-top:.2em;padding-left:9ch}
.pair{background:var(--well);border-radius:6px;padding:.55rem .8rem}
.pair div{display:grid;grid-template-columns:5.2rem minmax(0,1fr)}
.pair dt,.facts dt{color:var(--soft);font-size:.9em}
.pair dd{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
mark{background:var(--mark);color:inherit;border-radius:3px;padding:0 .15em;text-decoration:underline 2px;
text-underline-offset:3px}
.expected mark{background:var(--good)}
mark.gap{position:relative;padding:0 .3em;border:1px dashed currentColor;text-decoration:none}
.facts{margin-top:.9rem;display:grid;gap:.25rem}
.facts div{display:grid;grid-template-columns:5.2rem minmax(0,1fr)}
.facts dd{margin:0;max-width:62rem;overflow-wrap:anywhere}
.facts .fact-mend dd{font-weight:600}
.again{display:flex;flex-wrap:wrap;gap:.4rem .7rem;align-items:center;margin-top:.9rem}
.again .label{color:var(--soft);font-size:.9em}
.command{background:var(--well);border-radius:6px;padding:.3rem .6rem;overflow-wrap:anywhere;flex:0 1 auto;min-width:0}
.places-row{display:flex;flex-wrap:wrap;gap:.2rem .5rem;margin-top:.7rem;font-size:.94em}
details summary{cursor:pointer;color:var(--link)}
.places{padding-left:1.2rem;overflow-wrap:anywhere}.notes{padding-left:0;list-style:none;display:grid;gap:.6rem}
.case{scroll-margin-top:1rem}.case>details{margin-top:.8rem}
.panels{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,6fr) minmax(0,5fr);gap:.8rem}
.panels section{border:1px solid var(--line);border-radius:8px;padding:.6rem .8rem;min-width:0}
.panels code{white-space:pre-wrap;overflow-wrap:anywhere}.panels .note{font-size:.9em;margin-bottom:.35rem}
.steps td{overflow-wrap:anywhere;min-width:5rem}.steps code{white-space:pre-wrap}.steps .off{background:var(--tint)}
.foot{margin-top:.9rem;color:var(--soft);font-size:.9em}.id{font-family:var(--mono)}
main>section>.note{margin:-.4rem 0 .8rem}
.wide{overflow-x:auto}.wide svg{display:block;width:100%;min-width:36rem;height:auto;margin:.2rem 0}
.twin{display:flex;flex-wrap:wrap;gap:1rem;margin-top:.5rem}.twin svg{width:30rem;max-width:100%;height:auto}
svg text{font:12px system-ui,sans-serif;fill:var(--soft)}svg .lane{fill:var(--ink);font-size:13px}
svg .read,svg .bar,svg .piece.odd{fill:var(--a)}svg .piece.even{fill:var(--b)}
svg .event.odd{fill:var(--b)}svg .event.even{fill:var(--a);opacity:.75}
svg .axis{stroke:var(--line)}svg line.shows{stroke:var(--fail);stroke-width:2}
svg text.shows{fill:var(--fail);font-weight:600}
@media (max-width:52rem){.grid,.panels{grid-template-columns:minmax(0,1fr)}.top,main{padding-inline:1rem}
nav{padding-inline:1rem;position:static}#filter{margin-left:0}h1{font-size:2rem}.keys{display:none}
.card,.case{padding:.9rem 1rem}html{scroll-padding-top:1rem}tbody th{min-width:8rem}}
@media print{:root{--paper:#fff;--well:#f6f5f2}nav,.skip,button{display:none}body{font-size:10pt}
.card{break-inside:avoid}.many .card,.many .case{content-visibility:visible}
.scroll{max-height:none;overflow:visible}
.bytes{white-space:pre-wrap}details::details-content{display:block;content-visibility:visible}a{color:inherit}}
"""
