"""Put the load of many cameras on a gateway, and measure the age of every result."""
