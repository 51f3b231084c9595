# Debian's ruby-faye, driven by lines of JSON; see ../run.mjs.
require 'json'
require 'eventmachine'
require 'faye'

$stdout.sync = true
url, transport = ARGV

def say(what)
  puts JSON.generate(what)
end

class Replay
  def initialize(wanted)
    @wanted = wanted
  end

  def outgoing(message, callback)
    replay = @wanted[message['subscription']]
    (message['ext'] ||= {})['replay'] = replay if message['channel'] == '/meta/subscribe' && replay
    callback.call(message)
  end
end

EM.run do
  wanted = {}
  client = Faye::Client.new(url + '/bayeux', retry: 0.5, timeout: 30)
  client.disable('websocket') unless transport == 'websocket'
  client.disable('in-process')
  client.add_extension(Replay.new(wanted))
  client.connect { say(open: true) }
  commands = EM::Queue.new
  Thread.new do
    $stdin.each_line { |line| commands.push(JSON.parse(line)) }
    exit!(0)
  end
  step = lambda do |command|
    if command['do'] == 'subscribe'
      wanted[command['on']] = command['replay'] if command['replay']
      subscription = client.subscribe(command['on']) { |data| say(event: data.is_a?(String) ? data.length.to_s : data) }
      subscription.callback { say(subscribed: true) }
      subscription.errback { |error| say(error: error.message) }
    else
      client.publish(command['on'], command['data'])
    end
    commands.pop(&step)
  end
  commands.pop(&step)
end
