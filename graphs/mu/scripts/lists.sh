# shellcheck shell=sh
# Data: which services, resources and packages belong to which role and release. No code.
# The lists are supersets: what a node does not have is skipped.

# Services in the order of their restart: ROLE SERVICE [FROM TO], where FROM and TO are MOS versions.
# Services that pacemaker runs on controllers are in HA_RESOURCES.
SERVICES='
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
controller apache2
compute neutron-openvswitch-agent
compute neutron-plugin-openvswitch-agent
compute neutron-l3-agent
compute neutron-metadata-agent
compute neutron-sriov-agent
compute nova-compute
compute ceilometer-agent-compute
compute ceilometer-polling
compute cinder-volume
compute cinder-backup
compute-vmware nova-compute
compute-vmware ceilometer-polling
cinder cinder-volume
cinder cinder-backup
cinder-block-device cinder-volume
cinder-vmware cinder-volume
mongo mongodb
mongo mongod
ironic ironic-conductor
'

# Packages that a project's services load besides those of its own name (`nova-*`, `python-nova*`): PROJECT PATTERN…
LOADS='
apache2 libapache2-mod-* keystone python-keystone* openstack-dashboard* python-django* horizon-* nova-placement-api
ceilometer python-libvirt
ceph radosgw*
cinder python-rbd librbd* librados* ceph-common
glance python-rbd librbd* librados* ceph-common
mongod mongodb*
neutron openvswitch-* python-openvswitch dnsmasq*
nova python-rbd librbd* librados* ceph-common python-libvirt python-guestfs
'

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

# Services that packages must not restart while they are upgraded (shell patterns for policy-rc.d): a restart would stop
# guests, detach their volumes, lose quorum, or cut the channel over which the task reports.
PROTECTED='libvirt* virtlogd virtlockd qemu* mysql* rabbitmq-server murano-rabbitmq ceph* radosgw* tgt mcollective puppet'
# The same on nodes with pacemaker, which starts and stops these itself.
PROTECTED_HA='pacemaker corosync haproxy conntrackd ntp heat-engine neutron-*-agent neutron-dhcp-agent aodh-evaluator ceilometer-agent-central ceilometer-alarm-evaluator ceilometer-polling'

# Packages of the task channel. Upgraded first, without any other package.
AGENT_PACKAGES='nailgun-agent nailgun-mcagents mcollective mcollective-common puppet puppet-common'
# mcollective must be restarted after an upgrade of one of these.
CHANNEL_PACKAGES='nailgun-mcagents mcollective mcollective-common'

# Packages (shell patterns) that an update never upgrades. The pre-check refuses if a MOS repository offers a newer one.
UNTOUCHED_PACKAGES='linux-image* linux-headers* linux-modules* linux-generic* linux-virtual* linux-signed*'

# Packages (shell patterns) whose upgrade does not require a restart of the role's services.
QUIET_PACKAGES='fuel-* nailgun-* mcollective* puppet* *-doc *-dbg'
