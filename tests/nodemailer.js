// Sends one mail by nodemailer: `node nodemailer.js '{"port": N, "mail": {…}, …}'`, the rest being options of its transport.
// A raw mail comes on standard input. Prints the server's last reply.
"use strict";
const nodemailer = require("nodemailer");

const { mail, ...transport } = JSON.parse(process.argv[2]);
if (mail.raw) mail.raw = require("fs").readFileSync(0);
nodemailer
  .createTransport({ host: "127.0.0.1", ...transport })
  .sendMail(mail)
  .then((told) => console.log(told.response))
  .catch((fault) => { console.error(fault); process.exitCode = 1; });
