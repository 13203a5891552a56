# shellcheck shell=sh
# Data: services and resources of controllers. No code.

# As SERVICES in lists.sh. Services that pacemaker runs are in HA_RESOURCES.
CONTROLLER_SERVICES='
controller glance-registry
controller glance-api
controller glance-glare
controller neutron-server
controller nova-api
controller nova-cert 9.0 9.2
controller nova-consoleauth
controller nova-novncproxy
controller nova-objectstore 9.0 9.2
controller nova-placement-api 10.0 11.0
controller nova-scheduler
controller nova-conductor
controller cinder-api
controller cinder-scheduler
controller cinder-volume
controller cinder-backup
controller heat-api
controller heat-api-cfn
controller heat-api-cloudwatch
controller ceilometer-api
controller ceilometer-collector
controller ceilometer-agent-notification
controller aodh-api
controller aodh-listener
controller aodh-notifier
controller sahara-api
controller sahara-engine
controller murano-api
controller murano-engine
controller murano-cfapi
controller ironic-api
controller swift-account
controller swift-account-auditor
controller swift-account-reaper
controller swift-account-replicator
controller swift-container
controller swift-container-auditor
controller swift-container-reconciler
controller swift-container-replicator
controller swift-container-sync
controller swift-container-updater
controller swift-object
controller swift-object-auditor
controller swift-object-reconstructor
controller swift-object-replicator
controller swift-object-updater
controller swift-proxy
controller radosgw-all
controller ceph-radosgw.target
controller memcached
controller apache2'

# Resources of pacemaker that an update restarts if they load a changed package. A clone restarts on one controller after the
# other, the others once for the whole cluster, after the last controller. Old and new names.
HA_RESOURCES='
p_heat-engine
p_neutron-plugin-openvswitch-agent
neutron-openvswitch-agent
p_neutron-dhcp-agent
neutron-dhcp-agent
p_neutron-metadata-agent
neutron-metadata-agent
p_neutron-l3-agent
neutron-l3-agent
p_ceilometer-agent-central
p_ceilometer-alarm-evaluator
p_aodh-evaluator
p_nova_compute_ironic
'

# Resources of the message queue and the database. Restarted only on request, because a restart stops every API.
RABBITMQ_RESOURCES='master_p_rabbitmq-server'
MYSQL_RESOURCES='clone_p_mysqld clone_p_mysql'
