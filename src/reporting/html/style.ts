// Style sheet of the report page, without references to other files. The page has one column of text. Only trouble and
// charts have colours.

import { limitingFactors } from '../../core/limiting-factors.js';
import { answerKinds } from '../answers.js';

const light = `--paper:#fdfdfc;--ink:#1d1f22;--soft:#62666c;--line:#e3e2de;--lane:#efeeea;
--area:#c9d9ea;--edge:#2f67a3;--good:#2b7a4b;--warn:#9a5b00;--bad:#b3261e;
--accepted:#8fb3d6;--rejected:#8d7cc0;--forming:#e3c07a;--overloaded:#d98a1c;--dropped:#c8453c;--unreachable:#7d1f19;--refused:#4a4d52;
--zone-high:#f6e6c4;--zone-critical:#f6d4cf`;
const dark = `--paper:#151719;--ink:#e7e5e1;--soft:#9ea3a9;--line:#2e3134;--lane:#212427;
--area:#26425c;--edge:#86b6e2;--good:#74c493;--warn:#e2aa55;--bad:#f2877e;
--accepted:#4d7ba6;--rejected:#9b8ad0;--forming:#a98a4c;--overloaded:#dd9a3d;--dropped:#e0665c;--unreachable:#b3463d;--refused:#a9adb2;
--zone-high:#3a3020;--zone-critical:#452422`;

export const style = `
:root{color-scheme:light dark;${light}}
@media screen and (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:68rem;margin:0 auto;padding:2.5rem 2rem 4rem;overflow-wrap:anywhere}
h1{font-size:1.85rem;line-height:1.22;font-weight:600;letter-spacing:-.012em;margin:.15rem 0 .5rem;text-wrap:balance}
h2{font-size:1.12rem;font-weight:600;margin:0 0 .6rem}
h3{font-size:.92rem;font-weight:600;margin:1.4rem 0 .3rem}
p{margin:.3rem 0}
section{margin-top:2.6rem;border-top:1px solid var(--line);padding-top:1.1rem}
code,pre{font:.87em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{margin:.35rem 0 .2rem;padding:.6rem .75rem;background:var(--lane);border-radius:4px;white-space:pre-wrap;user-select:all}
.over,.when,.aside,.more,.axis-name,figcaption .aside,footer{color:var(--soft)}
.over{margin:0;font-size:.92rem}
.mark{display:inline-block;width:.62em;height:.62em;border-radius:50%;margin-right:.42em;vertical-align:.06em;background:currentColor}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.none{color:var(--soft)}
.reason{max-width:60rem}
.figures{display:grid;grid-template-columns:repeat(5,auto);justify-content:space-between;gap:1rem 1.5rem;margin:1.7rem 0 .9rem}
.figures div{display:flex;flex-direction:column-reverse}
.figures dt{color:var(--soft);font-size:.87rem}
.figures dd{margin:0;font-size:1.72rem;line-height:1.15;letter-spacing:-.01em}
.figures dd.none{font-weight:400}
.balance{display:block;width:100%;height:6px;border-radius:3px}
.balance .loaded{fill:var(--good)}.balance .rejected{fill:var(--overloaded)}.balance .undelivered{fill:var(--dropped)}.balance .nothing{fill:var(--line)}
.equation{font-size:.87rem;color:var(--soft);margin-top:.45rem}
.todo{margin-top:1.7rem;padding:.2rem 0 .2rem 1rem;border-left:3px solid var(--line)}
.todo h2{font-size:.95rem;margin-bottom:.2rem}
.todo ul,.plain,.notices{margin:.2rem 0;padding:0;list-style:none}
.todo li+li{margin-top:.45rem}
.plain li{padding:.12rem 0}
.notices li{padding:.3rem 0;border-top:1px solid var(--line)}
.notices li:first-child{border-top:0}
.notices .when{display:inline-block;min-width:9.5em;margin-right:.6em}
figure{margin:1.3rem 0 0}
figcaption{margin-bottom:-.1rem}
figcaption .aside{display:block}
.endpoint+.endpoint{margin-top:2.2rem}
.axis-name{font-size:.8rem;margin:.55rem 0 0}
.legend{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;margin:.1rem 0;padding:0;list-style:none;font-size:.87rem}
.legend b{font-weight:600}
.key{display:inline-block;width:.72em;height:.72em;border-radius:2px;margin-right:.45em;background:currentColor}
svg.wide,svg.narrow{display:block;width:100%;height:auto;overflow:visible}
svg.narrow{display:none}
svg text{font-size:12px;fill:var(--soft);font-family:inherit}
.grid{stroke:var(--line)}.tick{stroke:var(--soft)}
.area{fill:var(--area)}.edge{fill:none;stroke:var(--edge);stroke-width:1.4}
.limit{stroke:var(--bad);stroke-dasharray:5 4}
svg .limit-name{fill:var(--bad);paint-order:stroke;stroke:var(--paper);stroke-width:3px}
.lane{fill:var(--lane)}
${limitingFactors.map(({ key, colour }) => `.limited-${key}{fill:var(--${colour})}`).join('')}
rect.bad{fill:var(--dropped)}.flush{stroke:var(--ink);stroke-width:2}
.zone-high{fill:var(--zone-high)}.zone-critical{fill:var(--zone-critical)}
${answerKinds.map(({ kind }) => `.answer-${kind}{fill:var(--${kind});color:var(--${kind})}`).join('')}
table{width:100%;border-collapse:collapse;margin:.3rem 0}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th{font-weight:500;font-size:.84rem;color:var(--soft);text-align:left;vertical-align:bottom}
th,td{padding:.34rem .9rem .34rem 0;border-bottom:1px solid var(--line)}
td{vertical-align:top}
th:last-child,td:last-child{padding-right:0}
.number{text-align:right;white-space:nowrap}
td.lead{min-width:9rem}
.note{display:block;font-size:.87rem}
details{margin-top:.8rem}
summary{cursor:pointer;color:var(--soft)}
summary:focus-visible{outline:2px solid var(--edge);outline-offset:3px}
footer{margin-top:3rem;border-top:1px solid var(--line);padding-top:.8rem;font-size:.87rem}
@media (max-width:760px){.figures{grid-template-columns:repeat(3,auto);justify-content:start;column-gap:2.2rem}}
@media (max-width:600px){
main{padding:1.4rem 1.1rem 3rem}
h1{font-size:1.42rem}
.figures{grid-template-columns:1fr 1fr;gap:.8rem 1rem}
.figures dd{font-size:1.42rem}
svg.wide{display:none}svg.narrow{display:block}
section{margin-top:2rem}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody,tr,td{display:block}
tr{border-bottom:1px solid var(--line);padding:.5rem 0}
th,td{border:0;padding:.06rem 0}
td.lead{margin-bottom:.1rem;font-weight:500}
td:not(.lead){display:grid;grid-template-columns:7.5rem 1fr;white-space:normal;text-align:left}
td:not(.lead)::before{content:attr(data-head);color:var(--soft)}
.notices .when{display:block}
td:not(.lead):has(>.none){display:none}
}
@media print{
:root{color-scheme:light}
body{font-size:10.5pt;background:none}
main{max-width:none;padding:0}
figure,tr,.todo,header{break-inside:avoid}
h2,h3,figcaption,.axis-name{break-after:avoid}
details:not([open]){display:none}
pre{border:1px solid var(--line)}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`;
