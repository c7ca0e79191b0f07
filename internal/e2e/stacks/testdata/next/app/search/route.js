const say = async request => {
  const url = new URL(request.url)
  return new Response([request.method, url.pathname, url.search, await request.text()].join('\n'))
}

export { say as GET, say as POST }
