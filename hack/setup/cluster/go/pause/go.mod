module flume-operator.io/cluster/pause

go 1.26.8
