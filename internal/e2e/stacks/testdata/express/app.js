// Fishing licences on Express, with express-session, csurf, multer and method-override.
'use strict'
const fs = require('fs')
const csurf = require('csurf')
const express = require('express')
const methodOverride = require('method-override')
const multer = require('multer')
const session = require('express-session')

const site = process.env.SITE
const app = express()

app.use(express.urlencoded({ extended: true }))
app.use(express.json())
app.use(multer().any())
app.use(methodOverride('_method'))
app.use(methodOverride(req => req.body && req.body._method))
app.use(session({ secret: 'a secret', resave: false, saveUninitialized: true }))
app.use((req, res, next) => fs.existsSync(site + '/expired') ? req.session.regenerate(next) : next())
app.post('/search', (req, res) => res.json([req.method, req.originalUrl, req.body, req.files]))
app.use(csurf())

function ran (req, code, value) {
  const line = [code, value, req.get('Paygate-Status') || '', req.get('Paygate-Amount') || '']
  fs.appendFileSync(site + '/ran', JSON.stringify(line) + '\n')
}

const form = (req, inputs) => `<form method="post"><input type="hidden" name="_csrf" value="${req.csrfToken()}">${inputs}</form>`
const field = (req, name) => (req.body && req.body.application && req.body.application[name]) || ''

app.get('/', (req, res) => res.send('<h1>Fishing licences</h1>'))
app.get('/search', (req, res) => res.json([req.method, req.originalUrl, req.query]))
app.get('/login', (req, res) => res.send('<h1>Sign in</h1>' + form(req, '<input name="name">')))
app.post('/login', (req, res) => {
  req.session.user = req.body.name
  res.redirect('/licences/apply')
})

const signedIn = (req, res, next) => req.session.user ? next() : res.redirect('/login?next=/licences/apply')
const applyForm = (req, error) => '<h1>Apply</h1>' + error + form(req, '<input name="name"><input name="email">')

app.get('/licences/apply', signedIn, (req, res) => res.send(applyForm(req, '')))
app.post('/licences/apply', signedIn, (req, res) => {
  if (!/^[^@]+@[^@]+$/.test(req.body.email)) {
    return res.status(422).send(applyForm(req, 'Enter an e-mail address'))
  }
  ran(req, 'apply', req.body.name)
  res.redirect('/licences/confirmation')
})

app.all('/licences/renew', (req, res) => {
  if (field(req, 'action') === 'pay') {
    ran(req, 'renew', 'pay')
    return res.redirect('/licences/confirmation')
  }
  res.send(form(req, '<button name="application[action]" value="save">Save</button><button name="application[action]" value="pay">Pay</button>'))
})

app.get('/licences/permit', (req, res) => res.send(form(req, '<select name="application[licence]"><option>1-day</select>')))
app.post('/licences/permit', (req, res) => {
  const licence = field(req, 'licence')
  if (licence !== '1-day' && licence !== '8-day') {
    return res.redirect('/licences/permit')
  }
  ran(req, 'permit', licence)
  res.redirect('/licences/confirmation')
})

app.get('/licences/confirmation', (req, res) => res.send('<h1>Application received</h1>'))
app.get('/report', (req, res) => {
  ran(req, 'report', String(req.query.year || ''))
  res.type('text').send('the report')
})

app.listen(process.env.PORT, '127.0.0.1')
