import{a}from"./part-IG5HOYY3.js";export{a as checkDraw};
