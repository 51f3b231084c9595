// Faye at /bayeux of a port of this host, with its engine in memory.
const http = require('http'), faye = require(process.argv[3] + '/node_modules/faye'), server = http.createServer();
server.keepAliveTimeout = server.headersTimeout = server.requestTimeout = 0; // no connection is closed under its client
new faye.NodeAdapter({ mount: '/bayeux', timeout: 30 }).attach(server);
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
